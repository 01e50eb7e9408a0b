"""What people want of each bot, so that it outlasts the mother."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "wishes",
        sa.Column("bot", sa.String(32), primary_key=True),
        sa.Column("wanted", sa.Boolean, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
