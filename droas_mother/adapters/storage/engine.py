"""Opening a database: SQLite with its pragmas, or PostgreSQL, at the newest schema."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from droas_common.errors import ConfigurationError, DroasError, ExitCode, OutsideError, RequestError
from droas_mother.adapters.storage.revisions import HEAD, bring_forward, check_known, create, revision_of
from droas_mother.core.settings import SERVED_DATABASES

_BUSY_TIMEOUT_MS = 2_000
"""Who waits for a lock longer is told to come back; the deadline of a tool call is five seconds."""

_LOG_PAGES = 4_000
"""Pages of SQLite's write-ahead log (16 MiB) after which it is brought into the database, while calls wait.

The same pages are written by call after call: four times SQLite's own number is four times as rarely, and half the work.
"""

_RESTORE = "; stop the mother and restore a backup: droasctl db restore FILE --force"
_FAULTY = ("malformed", "not a database")
_ADVICE = (
    ("disk is full", "; make room on its disk"),
    ("is locked", "; another program holds it"),
    *((sign, _RESTORE) for sign in _FAULTY),
    ("disk I/O error", "; its disk fails, is full or has gone (dmesg, df)"),
    ("unable to open", "; is its folder there, may we write in it?"),
    ("connection", "; is the server running, may we connect to it?"),
)
"""What to do about what a driver says; most of it passes by itself."""


class FaultyStoreError(RequestError):
    """What a database or a backup holds is not as it was written."""


class DamagedError(OutsideError):
    """What a database holds was found to be not as it was written, while it is in use; a retry does not help."""

    exit_code = ExitCode.DATA


def open_engine(
    url: str,
    *,
    name: str = "the database",
    before_migrating: Callable[[Engine, str], None] | None = None,
) -> Engine:
    """Open a database and bring its schema up to date.

    Args:
        url: `sqlite:///…` or `postgresql+psycopg://…`.
        name: what messages call it; its address may hold secrets.
        before_migrating: told of an older schema before it is touched; what it raises keeps it untouched.

    Raises:
        ConfigurationError: the address cannot be used, or a newer release has written the database.
        FaultyStoreError: the file is no database, or a broken one.
        OutsideError: the database cannot be reached.
    """
    engine = connect(url)
    try:
        _bring_up_to_date(engine, before_migrating)
    except DBAPIError as error:
        engine.dispose()
        raise failure(f"{name} cannot be opened", error) from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def connect(url: str) -> Engine:
    """Give the engine of a database, which is neither opened nor changed yet; raises ConfigurationError."""
    kind = _kind(url)
    if kind not in SERVED_DATABASES:
        raise ConfigurationError(f"storage.url: {kind} is not served; use {' or '.join(SERVED_DATABASES)}")
    try:
        engine = create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=2, **_options(url))
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigurationError(f"storage.url: cannot be used: {type(error).__name__}") from error
    if kind == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def words(error: DBAPIError) -> str:
    """Give a driver's complaint in one line, without the statement and its values."""
    return str(error.orig).strip().split("\n")[0] or type(error).__name__


def advised(what: str) -> str:
    """Give a driver's complaint with what to do about it, where that is known."""
    return what + next((advice for sign, advice in _ADVICE if sign in what), "")


def in_use(failed: str, what: str, *, retry_after_s: float | None = None) -> OutsideError:
    """Give the error for what a driver says of a database that is in use: who uses it goes on as well as he can."""
    kind = DamagedError if any(sign in what for sign in _FAULTY) else OutsideError
    return kind(f"{failed}: {advised(what)}", retry_after_s=retry_after_s)


def failure(failed: str, error: DBAPIError) -> DroasError:
    """Give the error for what a driver says: of a faulty database, or of one that cannot be used at the moment."""
    what = words(error)
    kind = FaultyStoreError if any(sign in what for sign in _FAULTY) else OutsideError
    return kind(f"{failed}: {advised(what)}")


def _bring_up_to_date(engine: Engine, before_migrating: Callable[[Engine, str], None] | None) -> None:
    """Make the tables of an empty database, or run the migrations that are missing."""
    with engine.connect() as connection:
        revision = revision_of(connection)
    if revision is None:
        with engine.begin() as connection:
            create(connection)
    elif revision != HEAD:
        check_known(revision)
        if before_migrating is not None:
            before_migrating(engine, revision)
        bring_forward(engine)


def _kind(url: str) -> str:
    try:
        return make_url(url).get_backend_name()
    except ArgumentError:
        raise ConfigurationError(
            "storage.url: this is no database address; write sqlite:///file.db"
        ) from None


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": _BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}}
    # A host that has gone without a word is noticed; libpq waits for ever by itself.
    return {
        "connect_args": {
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
        }
    }


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    cursor.close()
