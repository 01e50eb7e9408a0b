"""Whether audit and ledger are what was written: hash chains, and sums that must be zero."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.exc import DBAPIError

from droas_common.errors import OutsideError
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.engine import words
from droas_mother.adapters.storage.rows import AUDIT_FIELDS, ENTRY_FIELDS
from droas_mother.core.answers.tool_answers import Verdict
from droas_mother.core.bookkeeping.chain import GENESIS, Broken, Link, verify
from droas_mother.core.bookkeeping.ledger import ESCROW

_AT_ONCE = 2_000


class Verifier:
    """Verifies what is stored, on a connection of its own.

    Args:
        engine: an opened database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def audit(self) -> Verdict:
        """Verify the audit's chain; raises OutsideError."""
        return self._within(lambda connection: _chain(connection, schema.audit, AUDIT_FIELDS))

    def ledger(self) -> Verdict:
        """Verify the ledger: its chain, that every transfer sums to zero, and that balances are the sums."""

        def look(connection: Connection) -> Verdict:
            chain = _chain(connection, schema.entries, ENTRY_FIELDS)
            faults = [*chain.faults, *_sums(connection), *_balances(connection), *_escrow(connection)]
            return Verdict(rows=chain.rows, erased=chain.erased, faults=faults)

        return self._within(look)

    def head(self, table_name: str) -> str | None:
        """Give the last hash of a chain, `audit` or `entries`; None before its first row; raises OutsideError."""
        table = schema.metadata.tables[table_name]
        newest = select(table.c.chain_hash).order_by(table.c.seq.desc()).limit(1)
        found: str | None = self._within(lambda connection: connection.execute(newest).scalar())
        return found

    def _within[T](self, look: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return look(_at_one_moment(connection))
        except DBAPIError as error:
            raise OutsideError(f"the database cannot be read: {words(error)}") from error


def _at_one_moment(connection: Connection) -> Connection:
    """Let everything that is read belong together, whatever is written meanwhile."""
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ")
    connection.exec_driver_sql("BEGIN")  # the driver would begin at a write only
    return connection


def _chain(connection: Connection, table: Table, names: Sequence[str]) -> Verdict:
    counts = {"rows": 0, "erased": 0}
    anchor = connection.execute(
        select(schema.chain_anchors.c.chain_hash).where(schema.chain_anchors.c.chain == table.name)
    ).scalar()
    with closing(_links(connection, table, names, counts)) as links:
        found = verify(links, anchor or GENESIS)
    faults = [f"{table.name} row {found.seq}: {found.why}"] if isinstance(found, Broken) else []
    return Verdict(rows=counts["rows"], erased=counts["erased"], faults=faults)


def _links(
    connection: Connection, table: Table, names: Sequence[str], counts: dict[str, int]
) -> Generator[tuple[int, Sequence[object], Link]]:
    """Give the rows that are chained, in their order; those written before there was a chain stand outside."""
    wanted = [table.c[name] for name in (*names, "seq", "salt", "content_hash", "chain_hash")]
    query = select(*wanted).where(table.c.chain_hash.is_not(None)).order_by(table.c.seq)
    with connection.execution_options(yield_per=_AT_ONCE).execute(query) as rows:
        for row in rows:
            content, (seq, salt, content_hash, chain_hash) = row[: len(names)], row[len(names) :]
            counts["rows"] += 1
            counts["erased"] += salt is None
            yield seq, content, Link(salt, content_hash, chain_hash)


def _sums(connection: Connection) -> list[str]:
    entries = schema.entries
    total = func.sum(entries.c.amount)
    query = (
        select(entries.c.transfer, entries.c.currency, total)
        .group_by(entries.c.transfer, entries.c.guild_id, entries.c.currency)
        .having(total != 0)
        .limit(20)
    )
    return [
        f"transfer {transfer}: its entries sum to {left} {currency}, not to zero"
        for transfer, currency, left in connection.execute(query)
    ]


def _balances(connection: Connection) -> list[str]:
    accounts, entries = schema.accounts, schema.entries
    same = (
        (accounts.c.guild_id == entries.c.guild_id)
        & (accounts.c.owner == entries.c.owner)
        & (accounts.c.currency == entries.c.currency)
    )
    total = func.coalesce(func.sum(entries.c.amount), 0)
    query = (
        select(accounts.c.guild_id, accounts.c.owner, accounts.c.currency, accounts.c.balance, total)
        .select_from(accounts.outerjoin(entries, same))
        .group_by(accounts.c.guild_id, accounts.c.owner, accounts.c.currency, accounts.c.balance)
        .having(accounts.c.balance != total)
        .limit(20)
    )
    return [
        f"account {owner} in {guild_id}: its balance is {balance} {currency}, its entries sum to {left}"
        for guild_id, owner, currency, balance, left in connection.execute(query)
    ]


def _escrow(connection: Connection) -> list[str]:
    """Check that what waits in escrow is what is set aside."""
    accounts, holds = schema.accounts, schema.holds
    waiting = func.coalesce(func.sum(holds.c.amount), 0)
    same = (
        (accounts.c.guild_id == holds.c.guild_id)
        & (accounts.c.currency == holds.c.currency)
        & (holds.c.state == "open")
    )
    query = (
        select(accounts.c.guild_id, accounts.c.currency, accounts.c.balance, waiting)
        .select_from(accounts.outerjoin(holds, same))
        .where(accounts.c.owner == ESCROW)
        .group_by(accounts.c.guild_id, accounts.c.currency, accounts.c.balance)
        .having(accounts.c.balance != waiting)
    )
    return [
        f"escrow of {guild_id}: {balance} {currency} wait there, {left} are set aside"
        for guild_id, currency, balance, left in connection.execute(query)
    ]
