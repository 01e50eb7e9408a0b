"""Whether audit and ledger are what was written: hash chains, and sums that must be zero."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from sqlalchemy import ColumnElement, Connection, Engine, Subquery, Table, func, select
from sqlalchemy.exc import DBAPIError

from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.appending import newest_link
from droas_mother.adapters.storage.engine import in_use, words
from droas_mother.adapters.storage.forgetting import ERASED
from droas_mother.adapters.storage.rows import AUDIT_FIELDS, ENTRY_FIELDS
from droas_mother.core.answers.tool_answers import Verdict
from droas_mother.core.bookkeeping.chain import GENESIS, Broken, Link, verify
from droas_mother.core.bookkeeping.ledger import ESCROW, ISSUER

_AT_ONCE = 2_000


class Verifier:
    """Verifies what is stored, on a connection of its own.

    Args:
        engine: an opened database.
        trails: whether its entries name those before them; in older schemas they do not.
    """

    def __init__(self, engine: Engine, *, trails: bool = True) -> None:
        self._engine = engine
        self._trails = trails

    def audit(self) -> Verdict:
        """Verify the audit's chain; raises OutsideError."""
        return self._within(lambda connection: _chain(connection, schema.audit, AUDIT_FIELDS))

    def ledger(self) -> Verdict:
        """Verify the ledger: its chain, that every transfer sums to zero, and that balances are the sums."""

        def look(connection: Connection) -> Verdict:
            chain = _chain(connection, schema.entries, ENTRY_FIELDS)
            faults = [*chain.faults, *_sums(connection), *_balances(connection), *_escrow(connection)]
            if self._trails:
                faults += [*_trails(connection), *_newest(connection)]
            return Verdict(rows=chain.rows, erased=chain.erased, faults=faults)

        return self._within(look)

    def head(self, table_name: str) -> str | None:
        """Give the last hash of a chain, `audit` or `entries`; None before its first row; raises OutsideError."""
        newest = newest_link(schema.metadata.tables[table_name])
        found: str | None = self._within(lambda connection: connection.execute(newest).scalar())
        return found

    def _within[T](self, look: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return look(_at_one_moment(connection))
        except DBAPIError as error:
            raise in_use("the database cannot be read", words(error)) from error


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
    query = select(*wanted).where(table.c.content_hash.is_not(None)).order_by(table.c.seq)
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
    accounts, (sums, same) = schema.accounts.c, _sums_of_accounts()
    total = func.coalesce(sums.c.total, 0)
    query = (
        select(accounts.guild_id, accounts.owner, accounts.currency, accounts.balance, total)
        .select_from(schema.accounts.outerjoin(sums, same))
        .where(accounts.balance != total)
        .limit(20)
    )
    owing = (
        select(accounts.guild_id, accounts.owner, accounts.currency, accounts.balance)
        .where(accounts.balance < 0, accounts.owner != ISSUER)
        .limit(20)
    )
    return [
        *(
            f"account {owner} in {guild_id}: its balance is {balance} {currency}, its entries sum to {left}"
            for guild_id, owner, currency, balance, left in connection.execute(query)
        ),
        *(
            f"account {owner} in {guild_id}: it owes {-balance} {currency}, which only an issuer may"
            for guild_id, owner, currency, balance in connection.execute(owing)
        ),
    ]


def _newest(connection: Connection) -> list[str]:
    """Check that each account names its newest entry, from which its history is read."""
    accounts, (sums, same) = schema.accounts.c, _sums_of_accounts()
    query = (
        select(accounts.guild_id, accounts.owner, accounts.newest, sums.c.newest)
        .select_from(schema.accounts.outerjoin(sums, same))
        .where(accounts.newest.is_distinct_from(sums.c.newest))
        .limit(20)
    )
    return [
        f"account {owner} in {guild_id}: its newest entry is {newest}, not {named}"
        for guild_id, owner, named, newest in connection.execute(query)
    ]


def _sums_of_accounts() -> tuple[Subquery, ColumnElement[bool]]:
    """Give sum and newest entry of each account that has any, and the condition that joins them to the accounts."""
    entries, accounts = schema.entries.c, schema.accounts.c
    who = (entries.guild_id, entries.owner, entries.currency)
    sums = (
        select(*who, func.sum(entries.amount).label("total"), func.max(entries.seq).label("newest"))
        .group_by(*who)
        .subquery("sums")
    )
    same = (
        (accounts.guild_id == sums.c.guild_id)
        & (accounts.owner == sums.c.owner)
        & (accounts.currency == sums.c.currency)
    )
    return sums, same


def _trails(connection: Connection) -> list[str]:
    """Check that each entry names the one before it of its account; who was forgotten has no account any more."""
    entries = schema.entries.c
    who = (entries.guild_id, entries.owner, entries.currency)
    before = func.lag(entries.seq).over(partition_by=who, order_by=entries.seq).label("truly")
    found = select(entries.seq, entries.before, before).where(entries.owner != ERASED).subquery()
    query = (
        select(found).where(found.c.before.is_distinct_from(found.c.truly)).order_by(found.c.seq).limit(20)
    )
    return [
        f"entries row {seq}: the one before it of its account is {truly}, not {before}"
        for seq, before, truly in connection.execute(query)
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
