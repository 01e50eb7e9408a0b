"""The first tables: audit, accounts, entries, profiles."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_RowNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "audit",
        sa.Column("seq", _RowNumber, primary_key=True, autoincrement=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("caller", sa.String(96), nullable=False),
        sa.Column("action", sa.String(96), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("guild_id", sa.String(20)),
        sa.Column("user_id", sa.String(20)),
        sa.Column("message_id", sa.String(20)),
        sa.Column("key", sa.String(128)),
        sa.Column("digest", sa.String(64)),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("trace_id", sa.String(32)),
        sa.Column("duration_us", sa.BigInteger, nullable=False),
    )
    op.create_index("audit_caller_key", "audit", ["caller", "key"], unique=True)
    op.create_table(
        "accounts",
        sa.Column("guild_id", sa.String(20), primary_key=True),
        sa.Column("owner", sa.String(20), primary_key=True),
        sa.Column("balance", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "entries",
        sa.Column("seq", _RowNumber, primary_key=True, autoincrement=True),
        sa.Column("transfer", sa.String(160), nullable=False),
        sa.Column("guild_id", sa.String(20), nullable=False),
        sa.Column("owner", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.create_index("entries_account", "entries", ["guild_id", "owner"])
    op.create_table(
        "profiles",
        sa.Column("guild_id", sa.String(20), primary_key=True),
        sa.Column("user_id", sa.String(20), primary_key=True),
        sa.Column("display_name", sa.String(100), nullable=False),
        sa.Column("first_seen_us", sa.BigInteger, nullable=False),
        sa.Column("warnings", sa.Integer, nullable=False),
    )
