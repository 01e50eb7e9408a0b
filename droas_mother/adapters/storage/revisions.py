"""Which schema a database has, and how it gets another."""

from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select

from droas_common.errors import ConfigurationError
from droas_mother.adapters.storage import schema

HEAD = "0006"
"""The newest migration; raised together with each new file in `migrations/versions`."""

_revisions = Table(
    "alembic_version", MetaData(), Column("version_num", String(32), primary_key=True, nullable=False)
)
"""Alembic's own table; its one row says which migration was the last."""


def revision_of(connection: Connection) -> str | None:
    """Give the schema that a database has; None when it has no tables of ours."""
    if not inspect(connection).has_table(_revisions.name):
        return None
    revision: str | None = connection.execute(select(_revisions.c.version_num)).scalar()
    return revision


def check_known(revision: str, name: str = "the database") -> None:
    """Refuse a schema that a newer release has made; it could not be read safely.

    Args:
        revision: the schema.
        name: what messages call what has it.

    Raises:
        ConfigurationError: it is newer.
    """
    if revision > HEAD:
        raise ConfigurationError(
            f"{name} has schema {revision}, newer than the {HEAD} that this release knows; "
            "it is not faulty: use the release that wrote it"
        )


def create(connection: Connection, revision: str = HEAD) -> None:
    """Make the tables of a schema in an empty database."""
    if revision != HEAD:
        migrate(connection, revision)
        return
    # All at once; Alembic would cost the first start half a second, and its mother 15 MiB.
    schema.metadata.create_all(connection)
    _revisions.create(connection, checkfirst=True)
    connection.execute(_revisions.insert().values(version_num=HEAD))


def migrate(connection: Connection, revision: str = HEAD) -> None:
    """Run the migrations up to this one, within the connection's transaction."""
    # Half a second of imports, needed after upgrades only.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def bring_forward(engine: Engine, revision: str = HEAD) -> None:
    """Migrate a database; a migration that fails, or is killed, leaves it as it was."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # its driver would commit each table by itself
        migrate(connection, revision)
