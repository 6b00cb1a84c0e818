"""Turns what a command could not do into one sentence and an exit code, never a traceback.

0 is done, 1 refused or problems found, 2 wrongly typed (click's own). Our own bugs end in a sentence too;
``AUYL_DEBUG=1`` shows where they are.
"""

import os
from typing import Any, NoReturn

import click
from sqlalchemy.exc import DBAPIError, IntegrityError

from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.config import WrongSetting
from billing.kernel.errors import Refusal
from billing.kernel.i18n import refusal_text
from billing.kernel.replica import ReplicaLost

EXIT_REFUSED = 1
DEBUG = "AUYL_DEBUG"

_NO_TABLES = ("no such table", "does not exist")
_CLICK_OWN = (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError)


class RefusingGroup(TeachingGroup):
    """A group of commands whose refusals are sentences."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever it raises is said in the language of who typed it."""
        try:
            return super().invoke(ctx)
        except _CLICK_OWN:
            raise
        except WrongSetting as error:
            raise click.UsageError(str(error)) from error  # before anybody's language is known
        except Exception as error:
            office = ctx.find_object(Office)
            if office is None:
                raise
            _refuse(_sentence(office, error))


def _sentence(office: Office, error: Exception) -> str:
    if isinstance(error, Refusal):
        return refusal_text(error, office.language)
    if isinstance(error, ReplicaLost):
        return office.text("replica_lost")
    if isinstance(error, OSError):
        return office.text("file_trouble", reason=f"{error.strerror}: {error.filename}")
    if isinstance(error, DBAPIError):
        reason = str(error.orig).strip().split("\n")[0]
        if any(words in reason for words in _NO_TABLES):
            return office.text("database_not_migrated")
        refused = isinstance(error, IntegrityError)
        return office.text("database_refused" if refused else "database_unreachable", reason=reason)
    if os.environ.get(DEBUG):
        raise error
    return office.text("our_bug", kind=type(error).__name__, variable=DEBUG)


def _refuse(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    raise click.exceptions.Exit(EXIT_REFUSED)
