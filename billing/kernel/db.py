"""The database: engine, tables' base, one transaction per unit of work, and the fence around a district.

Two walls keep districts apart. The session adds ``district_id = …`` to every query of a district's table
and fails when nobody said which district; PostgreSQL's row-level security does the same for any SQL.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from decimal import Decimal
from selectors import EVENT_READ, DefaultSelector
from types import MappingProxyType
from typing import Any, ClassVar, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Uuid,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    SessionTransaction,
    declared_attr,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.sql.visitors import ExternallyTraversible, iterate

from billing.kernel.columns import InstantType, MoneyType, MonthType, QuantityType
from billing.kernel.dates import Month
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.kernel.replica import (
    CONNECT_SECONDS_MAX,
    SILENT_MILLISECONDS_MAX,
    AsOf,
    Replica,
    ReplicaLost,
    position_of,
)
from billing.kernel.turns import Turns

ALL_DISTRICTS = 0  # a scope for region-wide work (verify, user administration); no district has this number
SQLITE_BUSY_SECONDS_MAX = 60
_AFTER_COMMIT = "after_commit"
_AS_OF = "as_of"
_ONLY_READS = {"read_only": True, "postgresql_readonly": True}
_REPEATABLE = ("40001", "40P01")  # serialization_failure, deadlock_detected


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        Money: MoneyType,
        Decimal: QuantityType,
        Month: MonthType,
        datetime: InstantType,
        UUID: Uuid,
    }


class InDistrict:
    """A table whose rows belong to one rural district; the district leads every key.

    Attributes:
        district_id: the rural district, first in the primary key and in every foreign key.
    """

    district_id: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=-2)


class Identified(InDistrict):
    """A district's table with ids made by the program."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


class Versioned:
    """A table whose rows people edit: two edits of the same version never both win.

    Attributes:
        version: counts the edits; it is the ETag of the thing on the wire.
    """

    version: Mapped[int] = mapped_column(default=1, sort_order=98)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        """Let every UPDATE check the version it was read with."""
        return {"version_id_col": cls.version}


class NotScoped(RuntimeError):
    """A query ran before anybody said which district it is for. Our own bug, never a user's."""


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for a SQLite or PostgreSQL URL, with the settings that money needs."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_SECONDS_MAX}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        _turns[engine] = Turns()
        return engine
    engine = create_engine(url, **options)
    event.listen(engine, "checkout", _refuse_hung_up)
    return engine


def make_replica(url: str) -> Replica:
    """The standby behind a PostgreSQL URL; nobody connects to it before it is asked."""
    patience = {"connect_timeout": CONNECT_SECONDS_MAX, "tcp_user_timeout": SILENT_MILLISECONDS_MAX}
    return Replica(make_engine(url, connect_args=patience))


def _refuse_hung_up(connection: DBAPIConnection, _: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
    """Let the pool connect anew where the server has hung up meanwhile: what it says last waits to be read.

    To ask it each time whether it is there would be one more wait in every unit of work.
    """
    assert isinstance(connection, psycopg.Connection)
    if connection.closed:
        raise DisconnectionError
    with DefaultSelector() as waiting:
        waiting.register(connection.fileno(), EVENT_READ)
        if waiting.select(0):
            raise DisconnectionError


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver must not open transactions by itself: it would begin without IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Writers queue at BEGIN: a lock taken later could fail in the middle of a unit of work.
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


# Of each file of SQLite that this process has open, whose turn it is to write.
_turns: WeakKeyDictionary[Engine, Turns] = WeakKeyDictionary()


def _turn_to_write(engine: Engine) -> AbstractContextManager[None]:
    """PostgreSQL locks rows; SQLite lets one write, and threads of a process queue for that."""
    turns = _turns.get(engine)
    return nullcontext() if turns is None else turns.turn(SQLITE_BUSY_SECONDS_MAX)


class Sessions:
    """Makes sessions. The one place that commits: returning commits, raising rolls back."""

    def __init__(
        self,
        engine: Engine,
        info: Mapping[str, Any] = MappingProxyType({}),
        replica: Replica | None = None,
    ) -> None:
        """Remember the engine, and what every session is to know beside its district and actor.

        Args:
            info: put into every session's ``info``; the archive's document store comes this way.
            replica: where reports are read from, while it answers.
        """
        self.engine = engine
        self.info = info
        self.replica = replica

    @contextmanager
    def begin(
        self, district_id: int | None, *, actor_id: UUID | None = None, read_only: bool = False
    ) -> Iterator[Session]:
        """One unit of work: a transaction in one district (``ALL_DISTRICTS`` for region-wide work).

        Args:
            district_id: None leaves the session unscoped: it then reads only tables without a district.
            actor_id: the user who is recorded with what is written; None for the program's own work.
            read_only: promises to write nothing; on SQLite such work does not wait for writers.
        """
        turn = nullcontext() if read_only else _turn_to_write(self.engine)
        with turn, self._session(self.engine, district_id, actor_id) as session:
            if read_only:
                session.connection(execution_options={"read_only": True})
            yield session
            session.commit()
        for deed in session.info.pop(_AFTER_COMMIT, ()):
            deed()

    @contextmanager
    def report(
        self, district_id: int | None, *, actor_id: UUID | None = None, from_primary: bool = False
    ) -> Iterator[Session]:
        """A transaction that cannot write, and may show what was true some seconds ago: see ``as_of``.

        It reads the replica while that answers, else the primary.

        Args:
            from_primary: do not try the replica: it has just failed.

        Raises:
            ReplicaLost: the replica failed in the middle of the work.
        """
        found = None if from_primary else self._session_on_replica(district_id, actor_id)
        with found or self._session(self.engine, district_id, actor_id) as session:
            if as_of(session) is None:
                session.connection(execution_options=_ONLY_READS)
            try:
                yield session
            except OperationalError as error:
                if self.replica is None or as_of(session) is None:
                    raise
                self.replica.note(error)
                raise ReplicaLost from error

    def _session(self, engine: Engine, district_id: int | None, actor_id: UUID | None) -> Session:
        session = Session(engine, expire_on_commit=False)
        session.info.update(self.info)
        if district_id is not None:
            scope(session, district_id)
        session.info["actor_id"] = actor_id
        return session

    def _session_on_replica(self, district_id: int | None, actor_id: UUID | None) -> Session | None:
        """A session there, or None where it does not answer, or cannot say how old its figures are."""
        if self.replica is None or not self.replica.is_worth_asking():
            return None
        with self.engine.connect() as primary:
            position = position_of(primary)
        session = self._session(self.replica.engine, district_id, actor_id)
        try:
            connection = session.connection(execution_options=_ONLY_READS)
            session.info[_AS_OF] = self.replica.as_of(connection, position)
        except OperationalError as error:
            self.replica.lose(error.orig)
        if session.info.get(_AS_OF) is None:
            session.close()
            return None
        return session


def as_of(session: Session) -> AsOf | None:
    """How old the figures are that a report's session reads; None for those of the primary, which are all."""
    found: AsOf | None = session.info.get(_AS_OF)
    return found


def after_commit(session: Session, deed: Callable[[], None]) -> None:
    """Do something outside of the database once the unit of work is committed; never if it is rolled back.

    The deed must not be needed for anything to come right: between commit and deed the power may fail.
    """
    session.info.setdefault(_AFTER_COMMIT, []).append(deed)


def scope(session: Session, district_id: int) -> None:
    """Say which district the session works in, before its first query or again within a transaction."""
    session.info["district_id"] = district_id
    if session.in_transaction():
        _tell_postgresql(session.connection(), district_id)


def district_of(session: Session) -> int:
    """The district a session works in.

    Raises:
        NotScoped: nobody said which, or the work is region-wide.
    """
    district_id = session.info.get("district_id")
    if not district_id:
        raise NotScoped
    return int(district_id)


def actor_of(session: Session) -> UUID | None:
    """The user on whose behalf the session works; None for the program's own work."""
    actor: UUID | None = session.info.get("actor_id")
    return actor


def _tell_postgresql(connection: Connection, district_id: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT set_config('auyl.district_id', %s, true)", (str(district_id),))


@event.listens_for(Session, "after_begin")
def _scope_transaction(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    # A savepoint knows what its transaction was told.
    if "district_id" in session.info and not transaction.nested:
        _tell_postgresql(connection, session.info["district_id"])


@event.listens_for(Session, "do_orm_execute")
def _fence_queries(state: ORMExecuteState) -> None:
    if not state.is_orm_statement or state.is_column_load or state.is_relationship_load:
        return
    # An error, not "no filter": a session nobody scoped must fail, never see every district.
    if "district_id" not in state.session.info:
        statement = cast("ExternallyTraversible", state.statement)
        if any(isinstance(part, Table) and "district_id" in part.c for part in iterate(statement)):
            raise NotScoped
        return
    district_id = state.session.info["district_id"]
    if district_id != ALL_DISTRICTS:
        # Whatever it selects: a district's table may stand only in its joins or sub-queries.
        state.statement = state.statement.options(
            with_loader_criteria(InDistrict, lambda cls: cls.district_id == district_id, include_aliases=True)
        )


def is_repeatable(error: DBAPIError) -> bool:
    """Whether the database itself asks to try the same unit of work again: it met another one."""
    return getattr(error.orig, "sqlstate", None) in _REPEATABLE


def insert_into(session: Session, table: Any) -> Any:
    """An INSERT that knows ``ON CONFLICT``, in the words of the session's database."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
