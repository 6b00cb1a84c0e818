"""What every command stands on: settings, language, database, the district it works in, and who acts.

The command line is an edge: it reads the clock and the environment, commits one unit of work per command,
and says everything in the language of who typed it. Help texts are in English, like the names of commands
and options; whatever a command finds out or refuses comes from the catalogues.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from billing import tables
from billing.access.service import find_user
from billing.archive.press import PROCESSES
from billing.archive.service import DocumentStore, storing_in
from billing.config import Settings, load_secret_key
from billing.customers.account_links import PUBLIC_URL, signing_with
from billing.districts.models import District
from billing.invoicing.runs.printing import drawing_late
from billing.invoicing.runs.service import WAKE
from billing.kernel.db import ALL_DISTRICTS, Sessions, as_of, make_engine, make_replica
from billing.kernel.errors import InvalidInput, NotFound, RuleViolation
from billing.kernel.i18n import Language, text
from billing.worker.background import Background

assert tables.metadata  # every table is known before the first query

WIDTH_OF_PIPES = 160  # columns of a table that goes into a file or another program
_LANGUAGE = re.compile(r"(kk|kz|ru|en)(?:[_.-].*)?", re.IGNORECASE)


class NoDistrict(RuleViolation):
    """No district was opened yet."""

    code = "no_district"


class DistrictUnclear(InvalidInput):
    """There are several districts: the option must say which. Facts: ``districts``."""

    code = "district_unclear"


def language_of(environment: Mapping[str, str]) -> Language:
    """The language a terminal is set to, ``LANG=kk_KZ.UTF-8``; Russian where it is none of ours."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            found = _LANGUAGE.fullmatch(value)
            short = found[1].lower() if found else "ru"
            return Language("kk" if short == "kz" else short)
    return Language.RU


@dataclass
class Office:
    """The place a command works in.

    Attributes:
        settings: of this machine.
        language: of everything that is said.
        district: number or KATO code of the rural district; None for the only one.
        login: of the user on whose behalf is written; None for the program's own work.
    """

    settings: Settings
    language: Language
    district: str | None = None
    login: str | None = None

    @cached_property
    def engine(self) -> Engine:
        """The database's engine; the directory of an embedded one is made."""
        self.settings.var.mkdir(parents=True, exist_ok=True)
        return make_engine(self.settings.database_url)

    @cached_property
    def background(self) -> Background:
        """The queue of background work."""
        return Background(self.settings.queue_url)

    @cached_property
    def sessions(self) -> Sessions:
        """Units of work that know the document store, the server's address and key, and the background."""
        store = storing_in(DocumentStore(self.settings.documents))
        known = {
            PUBLIC_URL: self.settings.public_url,
            PROCESSES: self.settings.print_processes,
            WAKE: self.background.wake,
        }
        url = self.settings.read_database_url
        return Sessions(
            self.engine,
            store | drawing_late() | signing_with(load_secret_key(self.settings)) | known,
            make_replica(url) if url else None,
        )

    @cached_property
    def console(self) -> Console:
        """Where tables and progress are drawn."""
        return Console(width=None if sys.stdout.isatty() else WIDTH_OF_PIPES, highlight=False)

    @cached_property
    def district_id(self) -> int:
        """The district the command works in.

        Raises:
            NoDistrict: none is open.
            DistrictUnclear: there are several, and none was named.
            NotFound: the one that was named is not among them.
        """
        with self.sessions.begin(None, read_only=True) as session:
            known = list(session.scalars(select(District).order_by(District.id)))
        if not known:
            raise NoDistrict
        if self.district is None:
            if len(known) > 1:
                raise DistrictUnclear(districts=[f"{each.id} ({each.kato_code})" for each in known])
            return known[0].id
        for each in known:
            if self.district in {str(each.id), each.kato_code}:
                return each.id
        raise NotFound(kind="district", id=self.district)

    @cached_property
    def actor_id(self) -> UUID | None:
        """The user on whose behalf the command writes.

        Raises:
            NotFound: nobody has this login.
        """
        if self.login is None:
            return None
        with self.sessions.begin(ALL_DISTRICTS, read_only=True) as session:
            user = find_user(session, self.login)
        if user is None:
            raise NotFound(kind="user", id=self.login)
        return user.id

    @contextmanager
    def work(self, *, read_only: bool = False) -> Iterator[Session]:
        """One unit of work in the command's district: committed as a whole, or not at all."""
        with self.sessions.begin(self.district_id, actor_id=self.actor_id, read_only=read_only) as session:
            yield session

    @contextmanager
    def report(self) -> Iterator[Session]:
        """A transaction that only reads, from the replica if there is one; says how old its figures are."""
        with self.sessions.report(self.district_id, actor_id=self.actor_id) as session:
            yield session
        age = as_of(session)
        if age is not None:
            told = text("report.age", self.language, instant=age.instant, seconds=age.behind_seconds)
            click.echo(told, err=True)

    def text(self, code: str, **facts: Any) -> str:
        """A sentence of the command line's own catalogue."""
        return text(f"cli.{code}", self.language, **facts)

    def say(self, code: str, **facts: Any) -> None:
        """Tell people something."""
        click.echo(self.text(code, **facts))

    def warn(self, code: str, **facts: Any) -> None:
        """Tell people something that went wrong, where scripts look for it."""
        click.echo(self.text(code, **facts), err=True)


def in_district(ctx: click.Context, _: click.Parameter, district: str | None) -> None:
    """Let a command say itself which district it is for: ``auyl run --district 2``."""
    if district is not None:
        office: Office = ctx.obj
        office.district = district
        vars(office).pop("district_id", None)


def office_from(
    environment: Mapping[str, str] = os.environ,
    *,
    language: str | None = None,
    district: str | None = None,
    login: str | None = None,
) -> Office:
    """The office of a terminal; what is not given comes from the environment."""
    return Office(
        settings=Settings.from_environment(environment),
        language=Language(language) if language else language_of(environment),
        district=district,
        login=login,
    )
