"""Coins by double entry: every move takes from one account what it gives to another, so the sum is always zero.

Coins come from an issuing account, one a group, which alone may go below zero.
"""

from typing import NamedTuple

import msgspec

from droas_common.errors import DefectError
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


class Standing(msgspec.Struct, frozen=True):
    """How an account stands.

    Args:
        balance: its coins.
        spent_day: the last day on which any were given away, days since 1970, UTC.
        spent: how many on that day.
    """

    balance: int
    spent_day: int = 0
    spent: int = 0


EMPTY = Standing(0)
"""A new account."""


def check_transfer(source: Account, target: Account, amount: int, *, limit: int) -> None:
    """Check what somebody wants to move.

    Raises:
        Refusal: the amount is not in [1, limit], or both are the same account.
    """
    if not 1 <= amount <= limit:
        raise Refusal(f"the amount must be between 1 and {limit}", kind="invalid_amount")
    if source == target:
        raise Refusal("coins cannot be sent to oneself", kind="same_account")


def check_move(source: Account, target: Account, amount: int) -> None:
    """Raise DefectError for what would make coins of nothing, or one currency of another."""
    same_purse = source.guild_id == target.guild_id and source.currency == target.currency
    if amount <= 0 or not same_purse or source.owner == target.owner:
        raise DefectError(f"{amount} coins cannot move from {source} to {target}")


def less(source: Account, standing: Standing, amount: int) -> Standing:
    """Give how an account stands after this amount has gone.

    Raises:
        Refusal: it would go below zero.
    """
    left = standing.balance - amount
    if left < 0 and not source.may_owe:
        raise Refusal(f"not enough coins: {standing.balance} are there", kind="insufficient_funds")
    return Standing(left, standing.spent_day, standing.spent)


def more(standing: Standing, amount: int) -> Standing:
    """Give how an account stands after this amount has come."""
    return Standing(standing.balance + amount, standing.spent_day, standing.spent)


def spending(standing: Standing, day: int, amount: int, limit: int, *, whose: str) -> Standing:
    """Give how an account stands after this amount was given away out of it on a day.

    Raises:
        Refusal: that day's amounts would be more than the limit.
    """
    already = standing.spent if standing.spent_day == day else 0
    if already + amount > limit:
        left = max(0, limit - already)
        raise Refusal(f"{whose} may give away {left} more today, at most {limit} a day", kind="daily_limit")
    return Standing(standing.balance, day, already + amount)


def unspent(standing: Standing, day: int, amount: int) -> Standing:
    """Give how an account stands after coins have come back that were given away out of it on a day."""
    if standing.spent_day != day:
        return standing
    return Standing(standing.balance, day, max(0, standing.spent - amount))
