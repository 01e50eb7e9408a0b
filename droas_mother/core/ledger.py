"""Coins by double entry: every transfer is postings that sum to zero, so the whole always does.

Coins come from an issuing account, one a group, which alone may go below zero.
"""

from collections.abc import Callable
from dataclasses import dataclass

from droas_common.errors import DefectError
from droas_common.ids import Snowflake
from droas_mother.core.refusals import Refusal

ISSUER = "issuer"
"""The owner's name of a group's issuing account; no Discord id looks like it."""


@dataclass(frozen=True, slots=True)
class Account:
    """One member's coins in one group, or the group's issuing account."""

    guild_id: Snowflake
    owner: str

    @property
    def may_owe(self) -> bool:
        """Whether the balance may go below zero."""
        return self.owner == ISSUER


@dataclass(frozen=True, slots=True)
class Posting:
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
    return Posting(source, -amount), Posting(target, amount)


def apply(balance_of: Callable[[Account], int], postings: tuple[Posting, ...]) -> dict[Account, int]:
    """Give the balances after these postings, of the accounts that they touch.

    Args:
        balance_of: the present balances.
        postings: what is posted; they sum to zero.

    Raises:
        Refusal: an account would go below zero.
        DefectError: the postings do not sum to zero.
    """
    if sum(posting.amount for posting in postings) != 0:
        raise DefectError("postings must sum to zero")
    balances: dict[Account, int] = {}
    for posting in postings:
        before = balances[posting.account] if posting.account in balances else balance_of(posting.account)
        balances[posting.account] = before + posting.amount
    for account, balance in balances.items():
        if balance < 0 and not account.may_owe:
            raise Refusal(f"not enough coins: {balance_of(account)} are there", kind="insufficient_funds")
    return balances
