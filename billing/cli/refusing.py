"""Turns what a command could not do into one sentence and an exit code, never a traceback.

0 is done, 1 refused or problems found, 2 wrongly typed (click's own).
"""

import os
from typing import Any, NoReturn

import click
from sqlalchemy.exc import DBAPIError, IntegrityError

from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.kernel.errors import Refusal
from billing.kernel.i18n import refusal_text

EXIT_REFUSED = 1
_NO_TABLES = ("no such table", "does not exist")


class RefusingGroup(TeachingGroup):
    """A group of commands whose refusals are sentences."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever it raises is said in the language of who typed it."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            office = ctx.find_object(Office)
            assert office is not None
            _refuse(refusal_text(refusal, office.language))
        except DBAPIError as error:
            _refuse_database(ctx, error)
        except OSError as error:
            office = ctx.find_object(Office)
            if office is None or isinstance(error, BrokenPipeError):
                raise
            _refuse(office.text("file_trouble", reason=f"{error.strerror}: {error.filename}"))


def _refuse_database(ctx: click.Context, error: DBAPIError) -> NoReturn:
    office = ctx.find_object(Office)
    if office is None or os.environ.get("AUYL_DEBUG"):
        raise error
    reason = str(error.orig).strip().split("\n")[0]
    if any(words in reason for words in _NO_TABLES):
        _refuse(office.text("database_not_migrated"))
    if isinstance(error, IntegrityError):
        _refuse(office.text("database_refused", reason=reason))
    _refuse(office.text("database_unreachable", reason=reason))


def _refuse(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    raise click.exceptions.Exit(EXIT_REFUSED)
