"""The database seam: declarative base, the session of the running transaction.

One transaction per request, job or command, opened at the edge by `transaction()`. Services flush, never commit.
SQLite: WAL, `BEGIN IMMEDIATE` to write (so that a writer never fails half-way for a lock), `BEGIN` to read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from sqlalchemy import Connection, Engine, MetaData, String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, mapped_column

from app.core import jsontext
from app.core.column_types import Json as Json
from app.core.column_types import Scaled as Scaled
from app.core.column_types import UtcDateTime as UtcDateTime
from app.core.driver_errors import is_lost_race as is_lost_race
from app.core.driver_errors import is_unreachable as is_unreachable
from app.core.driver_errors import straight as straight
from app.core.line import Line, line_of
from app.core.warm import WarmPool
from config import Settings


class Base(DeclarativeBase):
    """Base of every stored thing; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Id = Annotated[str, mapped_column(String(26), primary_key=True)]
Ref = Annotated[str, mapped_column(String(26), index=True)]
Code = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(200))]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Money = Annotated[Decimal, mapped_column(Scaled(2))]
JsonDict = Annotated[dict[str, Any], mapped_column(Json)]
JsonList = Annotated[list[Any], mapped_column(Json)]


class NestedTransaction(RuntimeError):
    """A transaction was opened inside another: the inner commit would break the outer one's promise."""


class NoTransaction(RuntimeError):
    """`session()` was asked for outside `transaction()`."""


T = TypeVar("T")
_current: ContextVar[Unit | None] = ContextVar("unit", default=None)
_engine: Engine | None = None


def connect(settings: Settings) -> Engine:
    """Open (once per process) the engine that `transaction()` uses."""
    global _engine  # noqa: PLW0603 - one database per process
    _engine = make_engine(settings.database_url, settings.sqlite_synchronous)
    return _engine


def engine() -> Engine:
    """The engine of this process."""
    if _engine is None:
        raise NoTransaction("connect() was not called")
    return _engine


def make_engine(url: str, synchronous: str = "FULL") -> Engine:
    """An engine with the project's connection set-up for SQLite or PostgreSQL."""
    if url.startswith("sqlite"):
        return _sqlite_engine(url, synchronous)
    made = create_engine(
        url,
        pool_size=16,
        max_overflow=8,
        pool_pre_ping=True,
        hide_parameters=True,  # values of people and programs do not belong into logs and incidents
        json_serializer=jsontext.dumps,
        json_deserializer=jsontext.loads,
    )

    @event.listens_for(made, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        # The server shall notice within 25 seconds that a host is gone: till then its transactions keep their locks,
        # and whoever takes over its jobs waits.
        with connection.cursor() as cursor:
            cursor.execute(
                "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
            )
        connection.commit()

    return made


# The driver looks for an adapter of every null; finding none takes longer than finding this one.
sqlite3.register_adapter(type(None), lambda null: null)


def _sqlite_engine(url: str, synchronous: str) -> Engine:
    made = create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": 30},
        poolclass=WarmPool,
        pool_size=16,
        max_overflow=8,
        hide_parameters=True,
        pool_reset_on_return=None,  # each transaction is ended by its session; a second ROLLBACK says nothing new
        json_serializer=jsontext.dumps,
        json_deserializer=jsontext.loads,
    )

    @event.listens_for(made, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "wal_autocheckpoint=4000",  # hot pages are copied back a quarter as often; the log stays below 16 MB
            "recursive_triggers=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(made, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if not options.get("begun", False):
            # Straight to the driver: it is sent with every transaction and has nothing to compile or to return.
            straight(made.dialect, _begin(options), connection.connection.driver_connection.execute, _begin(options))

    return made


def _begin(options: Mapping[str, Any]) -> str:
    return "BEGIN" if options.get("reading", False) else "BEGIN IMMEDIATE"


def session() -> Session:
    """The session of the running transaction. Raises NoTransaction outside one."""
    return _running().session


def flush() -> None:
    """Write what the session has not written yet; without one there is nothing, and none is made."""
    _running().flush()


def connection() -> Connection:
    """The connection of the running transaction. Raises NoTransaction outside one."""
    return _running().connection


def driver() -> Any:
    """The driver's own connection for the running transaction, or None; see `Unit.driver`."""
    return _running().driver()


def info() -> dict[Any, Any]:
    """Notes that live as long as the running transaction. Raises NoTransaction outside one."""
    return _running().info


def savepoint() -> object:
    """The innermost savepoint of the running transaction; None outside one."""
    return _running().savepoint()


def before_commit(act: Callable[[], object]) -> None:
    """Put something off until the running transaction is about to be stored, or sets its next savepoint: a rollback to
    that must not undo it. What it writes is stored with the rest."""
    _running().due.append(act)


def do_due() -> None:
    """Do now what was put off: for who reads what it writes."""
    _running().do_due()


def after_commit(act: Callable[[], object]) -> None:
    """Do something once the running transaction is stored; never if it is not. It must not fail."""
    _running().afterwards.append(act)


def regardless(act: Callable[[], object]) -> None:
    """Do something in a transaction of its own when the running one has ended, stored or refused; not when it lost a
    race, as it is then run again. Where a test holds it open: now."""
    unit = _running()
    act() if unit.around else unit.regardless.append(act)


def leave_no_trace() -> None:
    """What was to be done regardless is not done after all: for who only tries something out and leaves no trace."""
    _running().regardless.clear()


def in_transaction() -> bool:
    """True inside a `transaction()` block."""
    return _current.get() is not None


def _running() -> Unit:
    current = _current.get()
    if current is None:
        raise NoTransaction("no transaction is open here")
    return current


class UnitSession(Session):
    """The session of a running transaction. A savepoint is set when it is asked for, not with the session's next
    statement: what goes straight to the driver in between must lie within it too."""

    def begin_nested(self) -> SessionTransaction:
        """Set a savepoint; what is due before it, is done."""
        if in_transaction():
            _running().do_due()
        made = super().begin_nested()
        self.connection()
        return made


class Unit:
    """A running transaction: the driver's connection, SQLAlchemy's on it, a session on that, each made when it is first
    asked for: the hottest paths need only the first, and the others cost more than their statements."""

    def __init__(self, bind: Engine, around: Session | None = None) -> None:
        self._bind = bind
        self._pooled: Any = None
        self._straight: Any = None
        self._connection: Connection | None = None
        self._session = around
        self.around = around is not None
        self.info: dict[Any, Any] = {}
        self.due: list[Callable[[], object]] = []
        self.afterwards: list[Callable[[], object]] = []
        self.regardless: list[Callable[[], object]] = []

    @property
    def connection(self) -> Connection:
        """Begun."""
        if self.around:
            return self.session.connection()
        if self._connection is None:
            if self._pooled is None:
                self._connection = self._bind.connect()
            else:
                self._connection = Connection(self._bind, self._pooled).execution_options(begun=True)
            self._connection.begin()
        return self._connection

    def savepoint(self) -> object:
        """The innermost one that the session has set."""
        return None if self._session is None else self._session.get_nested_transaction()

    def driver(self) -> Any:
        """The driver's own connection; None where somebody listens to statements, which then must go the usual way."""
        if self._straight is None:
            if self._bind.dispatch.before_cursor_execute:
                return None
            if self.around:
                return self.connection.connection.driver_connection
            self._pooled = _begun(self._bind) if self._connection is None else self._connection.connection
            self._straight = self._pooled.driver_connection
        return self._straight

    @property
    def session(self) -> Session:
        """On that connection; flushed, never committed by itself."""
        if self._session is None:
            self._session = UnitSession(self.connection, expire_on_commit=False, autoflush=True)
        return self._session

    def flush(self) -> None:
        """Write what the session has not written yet."""
        if self._session is not None:
            self._session.flush()

    def commit(self) -> None:
        """Flush and store."""
        self.flush()  # what it writes may be news that somebody has put off acting on
        if self.due:
            self.do_due()
        if self._session is not None:
            self._session.commit()
        if self._connection is not None:
            self._connection.commit()
        elif self._pooled is not None:
            straight(self._bind.dialect, "COMMIT", self._straight.commit)

    def do_due(self) -> None:
        """Do what was put off until now."""
        due, self.due = self.due, []
        for act in due:
            act()

    def close(self) -> None:
        """Give the connection back; what was not committed is undone."""
        if self._session is not None:
            self._session.close()
        if self._connection is not None:
            self._connection.close()
        elif self._pooled is not None:
            try:
                self._straight.rollback()
            except self._bind.dialect.loaded_dbapi.Error:  # it is broken: nobody shall get it again
                self._pooled.invalidate()
            else:
                pool = self._bind.pool
                pool.give_back(self._pooled) if isinstance(pool, WarmPool) else self._pooled.close()


def _begun(bind: Engine) -> Any:
    """A connection of the pool; on SQLite its transaction has begun."""
    pool = bind.pool
    pooled: Any = straight(bind.dialect, "CONNECT", pool.take if isinstance(pool, WarmPool) else bind.raw_connection)
    if bind.dialect.name == "sqlite":
        begin = _begin(bind.get_execution_options())
        straight(bind.dialect, begin, pooled.driver_connection.execute, begin)
    return pooled


def unit_around(opened: Session) -> Unit:
    """For tests, which hold a transaction of their own open around what they try."""
    return Unit(engine(), opened)


class transaction:  # noqa: N801 - reads as the statement it is: `with transaction():`
    """Open the one transaction of a request, job or command: commits at the end, rolls back on any exception.

    With `write=False` the block cannot take SQLite's write lock. Raises NestedTransaction inside another block.
    """

    def __init__(self, *, write: bool = True) -> None:
        self._write = write
        self._line: Line | None = None
        self._place: int | None = None

    def __enter__(self) -> None:
        if _current.get() is not None:
            raise NestedTransaction("a transaction is open already")
        bind = engine()
        if self._write:
            self._line = line_of(bind)
            self._place = None if self._line is None else self._line.wait()
            self._unit = Unit(bind)
        else:
            self._unit = Unit(bind.execution_options(reading=True))
        self._token = _current.set(self._unit)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_rest: object) -> None:
        unit = self._unit
        try:
            if kind is None:
                unit.commit()
        finally:
            _current.reset(self._token)
            try:
                unit.close()
            finally:
                if self._line is not None and self._place is not None:
                    self._line.leave(self._place)
        if kind is None:
            for act in unit.afterwards:
                act()
        if unit.regardless and not (isinstance(error, Exception) and is_lost_race(error)):
            for act in unit.regardless:
                with transaction():
                    act()
