"""The tables, as the newest migration leaves them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

# SQLite numbers rows by itself only for a column that is exactly INTEGER PRIMARY KEY.
_RowNumber = BigInteger().with_variant(Integer, "sqlite")

audit = Table(
    "audit",
    metadata,
    Column("seq", _RowNumber, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("caller", String(96), nullable=False),
    Column("action", String(96), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("guild_id", String(20)),
    Column("user_id", String(20)),
    Column("message_id", String(20)),
    Column("key", String(128)),
    Column("digest", String(64)),
    Column("arguments", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("trace_id", String(32)),
    Column("duration_us", BigInteger, nullable=False),
    Index("audit_caller_key", "caller", "key", unique=True),
)
"""One row a decision; with a key it is the idempotency record as well. NULL keys never collide."""

accounts = Table(
    "accounts",
    metadata,
    Column("guild_id", String(20), primary_key=True),
    Column("owner", String(20), primary_key=True),
    Column("balance", BigInteger, nullable=False),
)
"""Present balances; always the sum of the account's entries."""

entries = Table(
    "entries",
    metadata,
    Column("seq", _RowNumber, primary_key=True, autoincrement=True),
    Column("transfer", String(160), nullable=False),
    Column("guild_id", String(20), nullable=False),
    Column("owner", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("entries_account", "guild_id", "owner"),
)
"""The ledger: never changed, never deleted."""

profiles = Table(
    "profiles",
    metadata,
    Column("guild_id", String(20), primary_key=True),
    Column("user_id", String(20), primary_key=True),
    Column("display_name", String(100), nullable=False),
    Column("first_seen_us", BigInteger, nullable=False),
    Column("warnings", Integer, nullable=False),
)

wishes = Table(
    "wishes",
    metadata,
    Column("bot", String(32), primary_key=True),
    Column("wanted", Boolean, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)
"""What people want of each bot; one that nobody ever asked about is wanted."""

identifies = Table(
    "identifies",
    metadata,
    Column("seq", _RowNumber, primary_key=True, autoincrement=True),
    Column("token_digest", String(32), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("identifies_at", "at_us"),
)
"""When each token was identified with; a digest names it."""
