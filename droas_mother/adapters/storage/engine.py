"""Opening a database: SQLite with its pragmas, or PostgreSQL, at the newest schema."""

from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from droas_common.errors import ConfigurationError, OutsideError
from droas_mother.adapters.storage import schema

HEAD = "0004"
"""The newest migration; raised together with each new file in `migrations/versions`."""

_revisions = Table(
    "alembic_version", MetaData(), Column("version_num", String(32), primary_key=True, nullable=False)
)
"""Alembic's own table; its one row says which migration was the last."""

_BUSY_TIMEOUT_MS = 5_000
_SERVED = ("sqlite", "postgresql")


def open_engine(url: str) -> Engine:
    """Open a database and bring its schema up to date.

    Args:
        url: `sqlite:///…` or `postgresql+psycopg://…`.

    Raises:
        ConfigurationError: the address cannot be used.
        OutsideError: the database cannot be reached.
    """
    kind = _kind(url)
    if kind not in _SERVED:
        raise ConfigurationError(f"storage.url: {kind} is not served; use {' or '.join(_SERVED)}")
    try:
        engine = create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=2, **_options(url))
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigurationError(f"storage.url: cannot be used: {type(error).__name__}") from error
    try:
        if kind == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        _bring_forward(engine)
    except DBAPIError as error:
        engine.dispose()
        raise OutsideError(
            f"the database cannot be opened: {words(error)}; is it running, is it a database, may we read it?"
        ) from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def _bring_forward(engine: Engine) -> None:
    """Make the tables of an empty database, or run the migrations that are missing."""
    with engine.connect() as connection:
        revision = _revision(connection)
    if revision is None:
        _create(engine)
    elif revision != HEAD:
        _check_known(revision)
        migrate(engine)


def _create(engine: Engine) -> None:
    """Make all tables at once; Alembic would cost the first start half a second, and its mother 15 MiB."""
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
        _revisions.create(connection, checkfirst=True)
        connection.execute(_revisions.insert().values(version_num=HEAD))


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing."""
    # Half a second of imports, needed after upgrades only.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def words(error: DBAPIError) -> str:
    """Give a driver's complaint in one line, without the statement and its values."""
    return str(error.orig).strip().split("\n")[0] or type(error).__name__


def _kind(url: str) -> str:
    try:
        return make_url(url).get_backend_name()
    except ArgumentError:
        raise ConfigurationError(
            "storage.url: this is no database address; write sqlite:///file.db"
        ) from None


def _check_known(revision: str) -> None:
    """Refuse a schema that a newer release has made; it could not be read safely."""
    if revision > HEAD:
        raise ConfigurationError(
            f"the database has schema {revision}, newer than the {HEAD} that this release knows; "
            "run the release that wrote it, or restore a backup"
        )


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": _BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}}
    return {"connect_args": {"connect_timeout": 5}}


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_revisions.name):
        return None
    revision: str | None = connection.execute(select(_revisions.c.version_num)).scalar()
    return revision


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    cursor.close()
