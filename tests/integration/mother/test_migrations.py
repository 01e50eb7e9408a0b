"""Databases of every release are brought forward with all that they hold; those of newer ones are left alone."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

import droas_mother.migrations
from droas_common.errors import ConfigurationError
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.engine import HEAD, open_engine


def config_of(connection: object = None) -> Config:
    """Give Alembic's configuration."""
    config = Config()
    config.set_main_option("script_location", str(Path(droas_mother.migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


REVISIONS = [script.revision for script in ScriptDirectory.from_config(config_of()).walk_revisions()][::-1]


def test_the_newest_migration_is_the_one_expected() -> None:
    """The revision that the code asks for is the last of the files."""
    assert REVISIONS[-1] == HEAD


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_released_schema_is_brought_forward(database_url: str, revision: str) -> None:
    """A database of any revision opens at the newest one, and keeps its rows."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.upgrade(config_of(connection), revision)
        connection.execute(text("INSERT INTO accounts (guild_id, owner, balance) VALUES ('1', '2', 3)"))
    engine.dispose()
    opened = open_engine(database_url)
    with opened.connect() as connection:
        balance = connection.execute(text("SELECT balance FROM accounts")).scalar_one()
    opened.dispose()
    assert balance == 3


def tables_of(engine: Engine) -> dict[str, list[str]]:
    """Give every table's columns and indexes, as the database tells them."""
    found = inspect(engine)
    return {
        name: [
            *(
                f"{column['name']} {column['type']} {'NULL' if column['nullable'] else ''}"
                for column in found.get_columns(name)
            ),
            *(f"primary {column}" for column in found.get_pk_constraint(name)["constrained_columns"]),
            *sorted(
                f"{index['name']} {index['column_names']} {index['unique']}"
                for index in found.get_indexes(name)
            ),
        ]
        for name in found.get_table_names()
    }


def test_the_migrations_lead_to_the_tables_in_the_code(database_url: str) -> None:
    """What all migrations make, one after another, is what an empty database is given at once."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.upgrade(config_of(connection), "head")
    migrated = tables_of(engine)
    with engine.begin() as connection:
        for name in migrated:
            connection.execute(text(f"DROP TABLE {name}"))
    engine.dispose()
    created = open_engine(database_url)
    found = tables_of(created)
    created.dispose()
    assert found == migrated
    assert {table.name for table in schema.metadata.sorted_tables} < found.keys()


def test_a_newer_schema_is_refused(database_url: str) -> None:
    """A database that a newer release has written is not touched."""
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ConfigurationError, match="newer than"):
        open_engine(database_url)
