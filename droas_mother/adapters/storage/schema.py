"""The tables, as the newest migration leaves them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

RETIRED = {"spendings": "0005"}
"""Tables of older schemas, with the last that has them; in a newer one they are another program's."""

# SQLite numbers rows by itself only for a column that is exactly INTEGER PRIMARY KEY.
_RowNumber = BigInteger().with_variant(Integer, "sqlite")


def _chained() -> tuple[Column[str], ...]:
    """Give the columns of a row's link; the salt is gone when the content was erased."""
    return (
        Column("salt", String(16)),
        Column("content_hash", String(64)),
        Column("chain_hash", String(64)),
    )


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
    *_chained(),
    Column("result_bytes", BigInteger, nullable=False, server_default="0"),
    Index("audit_caller_key", "caller", "key", unique=True),
)
"""One row a decision; with a key it is the idempotency record as well. NULL keys never collide."""

accounts = Table(
    "accounts",
    metadata,
    Column("guild_id", String(20), primary_key=True),
    Column("owner", String(20), primary_key=True),
    Column("currency", String(32), primary_key=True, server_default="coins"),
    Column("balance", BigInteger, nullable=False),
    Column("newest", BigInteger),
    Column("spent_day", Integer, nullable=False, server_default="0"),
    Column("spent", BigInteger, nullable=False, server_default="0"),
    Index("accounts_richest", "guild_id", "currency", "balance"),
)
"""Present balances, always the sums of the accounts' entries; the newest of those, from which the others are found; and
what was given away on one day, by a member, or by a whole group, for which its issuer's account stands."""

entries = Table(
    "entries",
    metadata,
    Column("seq", _RowNumber, primary_key=True, autoincrement=True),
    Column("transfer", String(160), nullable=False),
    Column("guild_id", String(20), nullable=False),
    Column("owner", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    *_chained(),
    Column("currency", String(32), nullable=False, server_default="coins"),
    Column("before", BigInteger),
)
"""The ledger: never changed, never deleted; who is forgotten loses his name in it.

Each entry names the one before it of the same account. An index would be written at as many places as there are members
in a commit, and cost more than all the rest of it.
"""

chain_anchors = Table(
    "chain_anchors",
    metadata,
    Column("chain", String(16), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("chain_hash", String(64), nullable=False),
)
"""Where each chain begins since its oldest rows were dropped: the last row dropped and its hash."""

profiles = Table(
    "profiles",
    metadata,
    Column("guild_id", String(20), primary_key=True),
    Column("user_id", String(20), primary_key=True),
    Column("display_name", String(100), nullable=False),
    Column("first_seen_us", BigInteger, nullable=False),
    Column("warnings", Integer, nullable=False),
)

memories = Table(
    "memories",
    metadata,
    Column("guild_id", String(20), primary_key=True),
    Column("user_id", String(20), primary_key=True),
    Column("preferences", Text, nullable=False),
    Column("notes", Text, nullable=False),
)
"""What bots may remember of a member, as JSON."""

holds = Table(
    "holds",
    metadata,
    Column("hold_id", String(32), primary_key=True),
    Column("caller", String(96), nullable=False),
    Column("guild_id", String(20), nullable=False),
    Column("user_id", String(20), nullable=False),
    Column("currency", String(32), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
    Column("day", Integer, nullable=False, server_default="0"),
    Index("holds_open", "state", "expires_at_us"),
)
"""Coins that are set aside; they wait in the group's escrow account."""

claims = Table(
    "claims",
    metadata,
    Column("guild_id", String(20), primary_key=True),
    Column("user_id", String(20), primary_key=True),
    Column("what", String(32), primary_key=True),
    Column("day", Integer, nullable=False),
)
"""The last day on which a member took something that there is once a day."""

clients = Table(
    "clients",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("public_key", String(40), nullable=False),
    Column("scope", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("revoked", Boolean, nullable=False),
)
"""External callers; only what proves them is kept, never what they prove it with."""

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
