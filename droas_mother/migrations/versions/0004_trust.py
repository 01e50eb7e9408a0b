"""Currencies, hash chains, reserved coins, daily limits, what bots remember, external clients."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID, _OWNER, _CURRENCY = sa.String(20), sa.String(20), sa.String(32)


def upgrade() -> None:
    """Bring them in; the rows that are there stand before the chains' first links."""
    for table in ("audit", "entries"):
        op.add_column(table, sa.Column("salt", sa.String(16)))
        op.add_column(table, sa.Column("content_hash", sa.String(64)))
        op.add_column(table, sa.Column("chain_hash", sa.String(64)))
    op.add_column("audit", sa.Column("result_bytes", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("entries", sa.Column("currency", _CURRENCY, nullable=False, server_default="coins"))
    op.drop_index("entries_account", "entries")
    op.create_index("entries_account", "entries", ["guild_id", "owner", "currency"])
    op.create_index("audit_user", "audit", ["user_id"])
    _give_accounts_a_currency()
    op.create_table(
        "chain_anchors",
        sa.Column("chain", sa.String(16), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("chain_hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "memories",
        sa.Column("guild_id", _ID, primary_key=True),
        sa.Column("user_id", _ID, primary_key=True),
        sa.Column("preferences", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
    )
    op.create_table(
        "holds",
        sa.Column("hold_id", sa.String(32), primary_key=True),
        sa.Column("caller", sa.String(96), nullable=False),
        sa.Column("guild_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("currency", _CURRENCY, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    )
    op.create_index("holds_open", "holds", ["state", "expires_at_us"])
    op.create_table(
        "claims",
        sa.Column("guild_id", _ID, primary_key=True),
        sa.Column("user_id", _ID, primary_key=True),
        sa.Column("what", sa.String(32), primary_key=True),
        sa.Column("day", sa.Integer, nullable=False),
    )
    op.create_table(
        "spendings",
        sa.Column("guild_id", _ID, primary_key=True),
        sa.Column("owner", _OWNER, primary_key=True),
        sa.Column("currency", _CURRENCY, primary_key=True),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "clients",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("public_key", sa.String(40), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
    )


def _give_accounts_a_currency() -> None:
    """Make the table anew: SQLite cannot change a primary key."""
    op.create_table(
        "accounts_with_currency",
        sa.Column("guild_id", _ID, primary_key=True),
        sa.Column("owner", _OWNER, primary_key=True),
        sa.Column("currency", _CURRENCY, primary_key=True, server_default="coins"),
        sa.Column("balance", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO accounts_with_currency (guild_id, owner, currency, balance) "
        "SELECT guild_id, owner, 'coins', balance FROM accounts"
    )
    op.drop_table("accounts")
    op.rename_table("accounts_with_currency", "accounts")
    op.create_index("accounts_richest", "accounts", ["guild_id", "currency", "balance"])
