"""Databases of every release are brought forward with all that they hold; those of newer ones are left alone."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, Table, create_engine, insert, inspect, select, text

import droas_mother.migrations
from droas_common.errors import ConfigurationError
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.backup import keep_before_migrating
from droas_mother.adapters.storage.engine import open_engine
from droas_mother.adapters.storage.findings import look_at_file, look_through
from droas_mother.adapters.storage.revisions import HEAD
from tests.support.bench_of_tools import ADA, running
from tests.support.databases import PlacedDatabase
from tests.support.history_mother import WholeMother


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


def stock(engine: Engine, revision: str) -> dict[str, list[dict[str, Any]]]:
    """Make a database of a revision in which coins have moved; gives its rows by table."""
    result = '{"from_user_id":"10","to_user_id":"11","amount":5,"balance":95,"currency":"coins"}'
    rows: dict[str, list[dict[str, Any]]] = {
        "audit": [
            {
                "seq": seq, "at_us": seq, "kind": "tool", "caller": "bot:helper", "action": "economy.transfer",
                "outcome": "ok", "guild_id": "1", "user_id": "10", "message_id": "3", "key": f"old{seq}",
                "digest": "d", "arguments": "{}", "result": result, "trace_id": None, "duration_us": 1,
            }
            for seq in (1, 2)
        ],
        "entries": [
            {"seq": seq, "transfer": "t", "guild_id": "1", "owner": owner, "amount": amount, "at_us": 1, "before": before}
            for seq, (owner, amount, before) in enumerate(
                [("issuer", -100, None), ("10", 100, None), ("issuer", -100, 1), ("11", 100, None), ("10", -5, 2),
                 ("11", 5, 4)], 1
            )
        ],
        "accounts": [
            {"guild_id": "1", "owner": owner, "balance": balance, "newest": newest}
            for owner, balance, newest in (("10", 95, 5), ("11", 105, 6), ("issuer", -200, 3))
        ],
        "profiles": [
            {"guild_id": "1", "user_id": "10", "display_name": "Ada", "first_seen_us": 7, "warnings": 2}
        ],
        "wishes": [{"bot": "bot_01", "wanted": False, "at_us": 9}],
        "identifies": [{"seq": 1, "token_digest": "t", "at_us": 8}],
    }  # fmt: skip
    with engine.begin() as connection:
        command.upgrade(config_of(connection), revision)
        known = MetaData()
        known.reflect(connection)
        stocked = {
            name: [{key: row[key] for key in row if key in known.tables[name].columns} for row in given]
            for name, given in rows.items()
            if name in known.tables
        }
        for name, given in stocked.items():
            connection.execute(insert(known.tables[name]), given)
            if engine.dialect.name == "postgresql" and "seq" in given[0]:
                connection.execute(text(f"SELECT setval('{name}_seq_seq', {len(given)})"))
    return stocked


def in_order(table: Table) -> Any:
    """Give the statement that reads a table by its key."""
    return select(table).order_by(*table.primary_key.columns)


def rows_of(engine: Engine, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Give the rows of some tables."""
    known = MetaData()
    known.reflect(engine)
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(in_order(known.tables[name])).mappings()]
            for name in names
        }


@pytest.mark.parametrize("revision", REVISIONS)
async def test_every_released_schema_is_brought_forward(
    short_tmp: Path, database_url: str, revision: str
) -> None:
    """A database of any revision keeps every row, is backed up before, and a mother goes on with its coins."""
    engine = create_engine(database_url)
    stocked = stock(engine, revision)
    engine.dispose()
    kept: list[Path] = []
    opened = open_engine(
        database_url,
        before_migrating=lambda old, known: kept.append(
            keep_before_migrating(old, short_tmp / "kept", known)
        ),
    )
    for name, rows in rows_of(opened, stocked).items():
        assert [
            {key: row[key] for key in old} for row, old in zip(rows, stocked[name], strict=True)
        ] == stocked[name]
    opened.dispose()
    assert [look_at_file(path).schema for path in kept] == ([] if revision == HEAD else [revision])
    assert all(look_at_file(path).faults == () for path in kept)
    async with running(short_tmp, database_url) as bench:
        client = bench.client()
        given = await client.call(
            "economy.transfer", {"to_user_id": "12", "amount": 5}, actor=ADA, idempotency_key="new"
        )
        client.close()
        findings = look_through(bench.engine)
    assert given.structured_content["balance"] == 90
    assert (findings.faults, findings.audit_rows, findings.ledger_rows) == ((), 1, 4)


def test_an_issuer_is_made_what_its_entries_say(short_tmp: Path, database_url: str) -> None:
    """A balance that an earlier release miscounted is put right, and a faulty database is backed up as it is."""
    engine = create_engine(database_url)
    stock(engine, "0004")
    engine.dispose()
    place = PlacedDatabase(short_tmp, database_url)
    place.change("UPDATE accounts SET balance = -100 WHERE owner = 'issuer'")
    assert place.ctl("check")[0] == 1
    code, told, _ = place.ctl("migrate")
    assert (code, look_at_file(Path(told["backup"])).schema) == (0, "0004")
    assert place.value("SELECT balance FROM accounts WHERE owner = 'issuer'") == -200
    assert place.ctl("check")[0] == 0


def test_what_was_given_away_today_is_not_forgotten(short_tmp: Path, database_url: str) -> None:
    """The day's sums of members and of groups go into the accounts; the backup before it has them as they were."""
    engine = create_engine(database_url)
    stock(engine, "0005")
    spendings = [
        {"guild_id": "1", "owner": owner, "currency": "coins", "day": day, "amount": amount}
        for owner, day, amount in (("*", 20_000, 12), ("10", 20_001, 5))
    ]
    known = MetaData()
    known.reflect(engine)
    with engine.begin() as connection:
        connection.execute(insert(known.tables["spendings"]), spendings)
    place = PlacedDatabase(short_tmp, database_url)
    told = place.ctl("migrate")[1]
    accounts = rows_of(engine, ["accounts"])["accounts"]
    assert {(row["owner"], row["spent_day"], row["spent"]) for row in accounts} == {
        ("10", 20_001, 5), ("11", 0, 0), ("issuer", 20_000, 12),
    }  # fmt: skip
    engine.dispose()
    assert place.ctl("restore", told["backup"], "--force")[0] == 0
    assert rows_of(engine, ["spendings"])["spendings"] == spendings
    engine.dispose()


def test_a_mother_migrates_after_a_backup(short_tmp: Path) -> None:
    """She who starts on an older schema writes a backup first, says so, and then serves."""
    url = f"sqlite:///{short_tmp / 'droas.db'}"
    engine = create_engine(url)
    stock(engine, "0003")
    engine.dispose()
    mother = WholeMother(short_tmp, url)
    process = mother.start()
    try:
        assert mother.admit(["shop"])["callers"]
    finally:
        process.terminate()
        process.wait(timeout=20)
    (kept,) = (short_tmp / "data/backups").iterdir()
    assert look_at_file(kept).schema == "0003"
    assert str(kept) in (short_tmp / "mother.log").read_text()


def test_a_migration_that_fails_changes_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up in the midst of a migration, or a kill, leaves the old schema with all its rows."""
    engine = create_engine(database_url)
    stocked = stock(engine, "0003")
    before = tables_of(engine)
    engine.dispose()
    monkeypatch.setattr(
        op, "rename_table", lambda *_names: (_ for _ in ()).throw(OSError("the disk is full"))
    )
    with pytest.raises(OSError, match="the disk is full"):
        open_engine(database_url)
    assert tables_of(engine) == before
    assert rows_of(engine, stocked) == stocked
    engine.dispose()
    monkeypatch.undo()
    open_engine(database_url).dispose()


def test_one_step_at_a_time(short_tmp: Path, database_url: str) -> None:
    """`db migrate --to` goes as far as it is told, each time after a backup, and then there is nothing to do."""
    engine = create_engine(database_url)
    stocked = stock(engine, "0001")
    engine.dispose()
    place = PlacedDatabase(short_tmp, database_url)
    for before, after in itertools.pairwise(REVISIONS):
        code, told, _ = place.ctl("migrate", "--to", after)
        assert (code, told["before"], told["schema"]) == (0, before, after)
        assert look_at_file(Path(told["backup"])).schema == before
    assert place.ctl("migrate") == (0, {"before": HEAD, "schema": HEAD, "backup": None}, "")
    assert place.ctl("restore", str(place.backups[0]), "--force")[0] == 0
    assert place.ctl("check")[1]["schema"] == "0001"
    assert rows_of(engine, stocked) == stocked
    engine.dispose()


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
