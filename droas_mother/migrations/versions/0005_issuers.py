"""Issuers' balances are made what their entries say.

An award, or the day's coins, to a member without an account left the coins of the opening out of the issuer's
balance; the entries were complete.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Sum them up."""
    op.execute(
        "UPDATE accounts SET balance = ("
        "SELECT coalesce(sum(entries.amount), 0) FROM entries WHERE entries.guild_id = accounts.guild_id "
        "AND entries.owner = accounts.owner AND entries.currency = accounts.currency"
        ") WHERE owner = 'issuer'"
    )
