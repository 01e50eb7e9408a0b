"""Coins by double entry: every transfer is postings that sum to zero, so the whole always does.

Coins come from an issuing account, one a group, which alone may go below zero.
"""

from collections.abc import Callable
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


class Posting(msgspec.Struct, frozen=True):
    """A change of one account: coins gained, or lost when negative."""

    account: Account
    amount: int


def transfer(source: Account, target: Account, amount: int, *, limit: int) -> tuple[Posting, Posting]:
    """Give the postings that move coins from one account to another.

    Raises:
        Refusal: the amount is not in [1, limit], or both are the same account.
    """
    if not 1 <= amount <= limit:
        raise Refusal(f"the amount must be between 1 and {limit}", kind="invalid_amount")
    if source == target:
        raise Refusal("coins cannot be sent to oneself", kind="same_account")
    return move(source, target, amount)


def move(source: Account, target: Account, amount: int) -> tuple[Posting, Posting]:
    """Give the postings that move coins, without any question."""
    return Posting(source, -amount), Posting(target, amount)


def allowed_today(before: int, amount: int, limit: int, *, whose: str) -> int:
    """Give how much has been given away today, this amount included.

    Raises:
        Refusal: it is more than a day's limit.
    """
    if before + amount > limit:
        left = max(0, limit - before)
        raise Refusal(f"{whose} may give away {left} more today, at most {limit} a day", kind="daily_limit")
    return before + amount


def apply(balance_of: Callable[[Account], int], postings: tuple[Posting, ...]) -> dict[Account, int]:
    """Give the balances after these postings, of the accounts that they touch.

    Args:
        balance_of: the present balances.
        postings: what is posted; they sum to zero.

    Raises:
        Refusal: an account would go below zero.
        DefectError: the postings do not sum to zero.
    """
    total = 0
    balances: dict[Account, int] = {}
    for posting in postings:
        total += posting.amount
        account = posting.account
        before = balances[account] if account in balances else balance_of(account)
        balances[account] = before + posting.amount
    if total != 0:
        raise DefectError("postings must sum to zero")
    if len({account.currency for account in balances}) > 1:
        raise DefectError("a transfer is in one currency")
    for account, balance in balances.items():
        if balance < 0 and not account.may_owe:
            raise Refusal(f"not enough coins: {balance_of(account)} are there", kind="insufficient_funds")
    return balances
