"""Entries name the one before them of the same account, and accounts what was given away on a day.

They take the place of two indexes and a table, which were most of what a commit had to write.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Bring them in, and fill them from what is there; entries of the forgotten lead nowhere."""
    op.add_column("entries", sa.Column("before", sa.BigInteger))
    op.add_column("accounts", sa.Column("newest", sa.BigInteger))
    op.add_column("accounts", sa.Column("spent_day", sa.Integer, nullable=False, server_default="0"))
    op.add_column("accounts", sa.Column("spent", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("holds", sa.Column("day", sa.Integer, nullable=False, server_default="0"))
    op.execute(
        "UPDATE entries SET before = found.before FROM ("
        "SELECT seq, lag(seq) OVER (PARTITION BY guild_id, owner, currency ORDER BY seq) AS before FROM entries"
        ") AS found WHERE found.seq = entries.seq AND entries.owner <> 'erased'"
    )
    op.execute(
        "UPDATE accounts SET newest = found.newest FROM ("
        "SELECT guild_id, owner, currency, max(seq) AS newest FROM entries GROUP BY guild_id, owner, currency"
        ") AS found WHERE found.guild_id = accounts.guild_id AND found.owner = accounts.owner "
        "AND found.currency = accounts.currency"
    )
    op.execute(
        "UPDATE accounts SET spent_day = spendings.day, spent = spendings.amount FROM spendings "
        "WHERE spendings.guild_id = accounts.guild_id AND spendings.currency = accounts.currency "
        "AND spendings.owner = CASE accounts.owner WHEN 'issuer' THEN '*' ELSE accounts.owner END"
    )
    op.drop_table("spendings")
    op.drop_index("entries_account", "entries")
    op.drop_index("audit_user", "audit")
