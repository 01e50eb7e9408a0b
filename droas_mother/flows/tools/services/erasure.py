"""Forgetting a person: his coins go back to the issuers, everything that is kept of him goes."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import batched

import msgspec

from droas_common.ids import Snowflake
from droas_mother.core.answers.tool_answers import UserErased
from droas_mother.core.bookkeeping.books import Batch, Draft
from droas_mother.core.bookkeeping.ledger import ISSUER, Account
from droas_mother.core.bookkeeping.records import (
    AuditRecord,
    Erasure,
    Hold,
    HoldState,
    Outcome,
    Traces,
    Unnaming,
)
from droas_mother.flows.tools.services.economy import take_back


def digest_of(user_id: Snowflake) -> str:
    """Give what stands for a user's id in the audit of commands about him."""
    return hashlib.blake2b(user_id.encode(), digest_size=12, person=b"droas-user").hexdigest()


MOST_AT_ONCE = 250
"""Decisions, or transfers, out of which a person is taken in one commit; keeps it under about ten milliseconds."""


def portions(traces: Traces, most: int = MOST_AT_ONCE) -> Iterator[Unnaming]:
    """Give what is unnamed before a person is erased, portion by portion; his entries are disowned at the end.

    Transfers come first: which of them he asked for is known from his decisions alone. Whatever an end in the midst
    leaves can be found and erased again.
    """
    for transfers in batched(traces.transfers, most):
        yield Unnaming(transfers=transfers)
    for his in batched(traces.his, most):
        yield Unnaming(his=his)
    for naming in batched(traces.naming, most):
        yield Unnaming(naming=naming)


def erase(who: Erasure, caller: str, batch: Batch, *, now_us: int) -> UserErased:
    """Forget a person within a batch, after everything else in it.

    Args:
        who: the person, in one group or in all.
        caller: who asked for it.
        batch: what is committed.
        now_us: unix microseconds.
    """
    digest = digest_of(who.user_id)
    draft = Draft(batch, transfer=f"erased/{digest}/{now_us}", at_us=now_us, opening_balance=0)
    accounts, holds = _belongings(who, batch)
    for hold in holds:
        take_back(hold, HoldState.VOIDED, draft)
        accounts.add(Account(hold.guild_id, hold.user_id, hold.currency))
    coins: Counter[str] = Counter()
    for account in sorted(accounts, key=str):
        left = draft.balance(account)
        if left:
            draft.move(account, Account(account.guild_id, ISSUER, account.currency), left)
            coins[account.currency] += left
    batch.take(draft)
    batch.changes.erasures.append(who)
    batch.record(command_record("erase user", digest, who.guild_id, caller, now_us))
    return UserErased(user_digest=digest, accounts=len(accounts), coins=dict(coins), holds=len(holds))


def command_record(
    action: str, digest: str, guild_id: Snowflake | None, caller: str, now_us: int
) -> AuditRecord:
    """Give the record of a command about a person, whose id is not in it."""
    return AuditRecord(
        at_us=now_us,
        kind="command",
        caller=caller,
        action=action,
        outcome=Outcome.OK,
        guild_id=guild_id,
        arguments=msgspec.json.encode({"user_digest": digest}).decode(),
    )


def _belongings(who: Erasure, batch: Batch) -> tuple[set[Account], list[Hold]]:
    """Give accounts and open holds as they are at this point of the batch."""
    stored, holds = batch.shelf.belongings(who.user_id, who.guild_id)
    fresh = {account for account in batch.changes.accounts if account.owner == who.user_id}
    made = [row for row in batch.changes.rows.get(Hold, {}).values() if isinstance(row, Hold)]
    known = {hold.key: hold for hold in [*holds, *(one for one in made if one.user_id == who.user_id)]}
    open_ones = [
        hold for key in known if (hold := batch.find(Hold, key)) is not None and hold.state is HoldState.OPEN
    ]
    accounts = {*stored, *fresh}
    if who.guild_id is None:
        return accounts, open_ones
    return (
        {one for one in accounts if one.guild_id == who.guild_id},
        [one for one in open_ones if one.guild_id == who.guild_id],
    )
