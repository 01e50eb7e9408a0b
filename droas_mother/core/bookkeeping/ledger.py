"""Coins by double entry: every move takes from one account what it gives to another, so the sum is always zero.

Coins come from an issuing account, one a group, which alone may go below zero.
"""

from typing import NamedTuple

from droas_common.ids import Snowflake
from droas_mother.core.tools.refusals import Refusal

ISSUER = "issuer"
"""The owner's name of a group's issuing account; no Discord id looks like it."""

ESCROW = "escrow"
"""The owner's name of the account in which a group's reserved coins wait."""

COINS = "coins"


class Account(NamedTuple):
    """One member's coins of one currency in one group, or one of the group's own accounts."""

    guild_id: Snowflake
    owner: str
    currency: str = COINS

    @property
    def may_owe(self) -> bool:
        """Whether the balance may go below zero."""
        return self.owner == ISSUER

    @property
    def is_internal(self) -> bool:
        """Whether it is one of the group's own, which nobody is given coins for."""
        return self.owner in (ISSUER, ESCROW)


class Spent(NamedTuple):
    """Coins that were given away on a day, days since 1970, UTC."""

    day: int
    amount: int


NEVER = Spent(0, 0)


def check_transfer(source: Account, target: Account, amount: int, *, limit: int) -> None:
    """Check what somebody wants to move.

    Raises:
        Refusal: the amount is not in [1, limit], or both are the same account.
    """
    if not 1 <= amount <= limit:
        raise Refusal(f"the amount must be between 1 and {limit}", kind="invalid_amount")
    if source == target:
        raise Refusal("coins cannot be sent to oneself", kind="same_account")


def left_of(source: Account, balance: int, amount: int) -> int:
    """Give what is left of a balance after this amount has gone.

    Raises:
        Refusal: the account would go below zero.
    """
    if balance < amount and not source.may_owe:
        raise Refusal(f"not enough coins: {balance} are there", kind="insufficient_funds")
    return balance - amount


def spent_on(day: int, before: Spent, amount: int, limit: int, *, whose: str) -> Spent:
    """Give what has been given away on a day, this amount included.

    Raises:
        Refusal: it is more than a day's limit.
    """
    already = before.amount if before.day == day else 0
    if already + amount > limit:
        left = max(0, limit - already)
        raise Refusal(f"{whose} may give away {left} more today, at most {limit} a day", kind="daily_limit")
    return Spent(day, already + amount)
