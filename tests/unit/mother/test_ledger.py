"""Coins: whatever is asked, the sum of all entries stays zero and nobody goes below it."""

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from droas_common.errors import DefectError
from droas_common.ids import Snowflake
from droas_mother.core.bookkeeping.books import Batch, Draft
from droas_mother.core.bookkeeping.ledger import ISSUER, Account, Standing, check_transfer, less, spending
from droas_mother.core.bookkeeping.records import Entry, Row, StoredCall
from droas_mother.core.tools.refusals import Refusal

GUILD = Snowflake("1")
MEMBERS = ["10", "11", "12"]


class MemoryShelf:
    """What is stored, in a dict."""

    def __init__(self) -> None:
        self.accounts: dict[Account, Standing] = {}

    def standing(self, account: Account) -> Standing | None:
        """Give how an account stands."""
        return self.accounts.get(account)

    def find[R: Row](self, kind: type[R], key: tuple[str, ...]) -> R | None:
        """Know no row."""
        return None

    def richest(self, guild_id: Snowflake, currency: str, count: int) -> list[tuple[str, int]]:
        """Know nobody."""
        return []

    def history(self, account: Account, count: int) -> list[Entry]:
        """Know nothing."""
        return []

    def call(self, caller: str, key: str) -> StoredCall | None:
        """Know no call."""
        return None


class LedgerMachine(RuleBasedStateMachine):
    """Any row of transfers, in batches, some of them refused, some commits lost."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = MemoryShelf()
        self.batch = Batch(self.shelf)
        self.model: dict[str, int] = {}
        self.committed: dict[str, int] = {}
        self.entries: list[tuple[str, int]] = []

    @rule(giver=st.sampled_from(MEMBERS), taker=st.sampled_from(MEMBERS), amount=st.integers(-5, 150))
    def give(self, giver: str, taker: str, amount: int) -> None:
        """Try one transfer and compare with a plain dict."""
        draft = Draft(self.batch, transfer="t", at_us=0, opening_balance=100)
        before = dict(self.model)
        try:
            check_transfer(Account(GUILD, giver), Account(GUILD, taker), amount, limit=120)
            draft.move(Account(GUILD, giver), Account(GUILD, taker), amount)
        except Refusal:
            assert amount < 1 or amount > 120 or giver == taker or before.get(giver, 100) < amount
            return
        self.batch.take(draft)
        for owner in (giver, taker):
            self.model.setdefault(owner, 100)
        self.model[giver] -= amount
        self.model[taker] += amount

    @rule(taker=st.sampled_from(MEMBERS), amount=st.integers(1, 50))
    def award(self, taker: str, amount: int) -> None:
        """Give new coins, to somebody who may have no account yet."""
        draft = Draft(self.batch, transfer="a", at_us=0, opening_balance=100)
        draft.move(Account(GUILD, ISSUER), Account(GUILD, taker), amount)
        self.batch.take(draft)
        self.model[taker] = self.model.get(taker, 100) + amount

    @rule()
    def commit(self) -> None:
        """Write the batch."""
        self.shelf.accounts.update(self.batch.changes.accounts)
        self.entries += [(entry.account.owner, entry.amount) for entry in self.batch.changes.entries]
        self.batch = Batch(self.shelf)
        self.committed = dict(self.model)

    @rule()
    def lose_commit(self) -> None:
        """Lose the batch: nothing of it may remain."""
        self.batch = Batch(self.shelf)
        self.model = dict(self.committed)

    @invariant()
    def the_sum_is_zero(self) -> None:
        """All entries sum to zero, and so do all balances."""
        assert sum(amount for _, amount in self.entries) == 0
        assert sum(one.balance for one in self.shelf.accounts.values()) == 0

    @invariant()
    def balances_are_those_of_the_model(self) -> None:
        """Every member has what the dict says, and none is below zero."""
        for owner, expected in self.committed.items():
            assert self.shelf.accounts[Account(GUILD, owner)].balance == expected >= 0


TestLedger = LedgerMachine.TestCase
TestLedger.settings = hypothesis_settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_only_the_issuer_may_owe() -> None:
    """The issuing account goes below zero, a member's never does."""
    assert less(Account(GUILD, ISSUER), Standing(3), 4).balance == -1
    assert less(Account(GUILD, "10"), Standing(4), 4).balance == 0
    with pytest.raises(Refusal, match="not enough coins: 3"):
        less(Account(GUILD, "10"), Standing(3), 4)


@pytest.mark.parametrize(
    ("target", "amount"),
    [(Account(GUILD, "11", "gems"), 5), (Account(Snowflake("2"), "11"), 5), (Account(GUILD, "11"), -5),
     (Account(GUILD, "11"), 0), (Account(GUILD, "10"), 5)],
)  # fmt: skip
def test_what_is_no_move_of_coins_is_a_defect(target: Account, amount: int) -> None:
    """Nothing turns into another currency or group, and nothing is taken by giving less than nothing."""
    draft = Draft(Batch(MemoryShelf()), transfer="t", at_us=0, opening_balance=100)
    with pytest.raises(DefectError):
        draft.move(Account(GUILD, "10"), target, amount)


def test_a_day_has_its_limit_and_the_next_day_another() -> None:
    """What was given away on another day does not count; one coin too many says what is left."""
    standing = spending(Standing(5, spent_day=6, spent=100), 7, 60, 100, whose="you")
    assert standing == Standing(5, spent_day=7, spent=60)
    assert spending(standing, 7, 40, 100, whose="you") == Standing(5, spent_day=7, spent=100)
    with pytest.raises(Refusal, match="you may give away 40 more today"):
        spending(standing, 7, 41, 100, whose="you")
