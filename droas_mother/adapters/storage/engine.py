"""Opening a database: SQLite with its pragmas, or PostgreSQL, at the newest schema."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from droas_common.errors import ConfigurationError, OutsideError

HEAD = "0001"
"""The newest migration; raised together with each new file in `migrations/versions`."""

_BUSY_TIMEOUT_MS = 5_000


def open_engine(url: str) -> Engine:
    """Open a database and bring its schema up to date.

    Args:
        url: `sqlite:///…` or `postgresql+psycopg://…`.

    Raises:
        ConfigurationError: the address cannot be used.
        OutsideError: the database cannot be reached.
    """
    try:
        engine = create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=2, **_options(url))
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        elif engine.dialect.name != "postgresql":
            raise ConfigurationError(
                f"storage.url: {engine.dialect.name} is not served; use sqlite or postgresql"
            )
        with engine.connect() as connection:
            revision = _revision(connection)
        if revision != HEAD:
            migrate(engine)
    except DBAPIError as error:
        raise OutsideError(f"the database cannot be opened: {words(error)}") from error
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigurationError(f"storage.url: cannot be used: {type(error).__name__}") from error
    return engine


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing."""
    # Half a second of imports, needed on the first start and after upgrades only.
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


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": _BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}}
    return {"connect_args": {"connect_timeout": 5}}


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    cursor.close()
