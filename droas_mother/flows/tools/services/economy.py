"""Coins: what members have, give, get and set aside."""

from typing import Any

import msgspec
from msgspec.structs import replace

from droas_common.ids import Snowflake
from droas_common.wire.calls import Json
from droas_mother.core.bookkeeping.books import Draft
from droas_mother.core.bookkeeping.ledger import ESCROW, ISSUER, Account, check_transfer
from droas_mother.core.bookkeeping.records import Claim, Hold, HoldState
from droas_mother.core.tools.refusals import Refusal
from droas_mother.core.tools.tool_settings import EconomySettings
from droas_mother.flows.tools.services.economy_arguments import (
    BalanceArguments,
    CommitArguments,
    DailyArguments,
    HistoryArguments,
    LeaderboardArguments,
    ReserveArguments,
    TransferArguments,
    VoidArguments,
)
from droas_mother.flows.tools.services.registry import Call, Tool, user_id_of

_DAILY = "daily"


class Economy:
    """The economy's tools.

    Args:
        settings: limits and currencies; replaced as a whole when they change.
    """

    def __init__(self, settings: EconomySettings) -> None:
        self.settings = settings

    def balance(self, arguments: BalanceArguments, call: Call, draft: Draft) -> Json:
        """Tell what a member has."""
        guild_id, user_id = call.member()
        owner = user_id_of(arguments.user_id) if arguments.user_id else user_id
        account = self._account(guild_id, owner, arguments.currency)
        return {"user_id": owner, "balance": draft.peek(account), "currency": account.currency}

    def transfer(self, arguments: TransferArguments, call: Call, draft: Draft) -> Json:
        """Give coins of the asking member to another."""
        guild_id, user_id = call.member()
        source = self._account(guild_id, user_id, arguments.currency)
        target = Account(guild_id, user_id_of(arguments.to_user_id), source.currency)
        check_transfer(source, target, arguments.amount, limit=self.settings.transfer_limit)
        draft.move(source, target, arguments.amount)
        self._spend(source, arguments.amount, call, draft)
        return {
            "from_user_id": source.owner,
            "to_user_id": target.owner,
            "amount": arguments.amount,
            "balance": draft.balance(source),
            "currency": source.currency,
        }

    def award(self, arguments: TransferArguments, call: Call, draft: Draft) -> Json:
        """Give a member coins of the group's issuer."""
        guild_id, _ = call.member()
        target = self._account(guild_id, user_id_of(arguments.to_user_id), arguments.currency)
        issuer = Account(guild_id, ISSUER, target.currency)
        check_transfer(issuer, target, arguments.amount, limit=self.settings.award_limit)
        draft.move(issuer, target, arguments.amount)
        self._spend_of_guild(issuer, arguments.amount, call, draft)
        return {
            "to_user_id": target.owner,
            "amount": arguments.amount,
            "balance": draft.balance(target),
            "currency": target.currency,
        }

    def daily(self, arguments: DailyArguments, call: Call, draft: Draft) -> Json:
        """Give the asking member the day's coins, once."""
        guild_id, user_id = call.member()
        account = self._account(guild_id, user_id, arguments.currency)
        what = f"{_DAILY}.{account.currency}"[:32]
        known = draft.find(Claim, (guild_id, user_id, what))
        if known is not None and known.day >= call.day:
            raise Refusal(
                "today's coins were taken already; there are new ones at midnight UTC", kind="taken_today"
            )
        amount = self.settings.daily_amount
        if amount:
            draft.move(Account(guild_id, ISSUER, account.currency), account, amount)
        draft.keep(Claim(guild_id=guild_id, user_id=user_id, what=what, day=call.day))
        return {"amount": amount, "balance": draft.balance(account), "currency": account.currency}

    def leaderboard(self, arguments: LeaderboardArguments, call: Call, draft: Draft) -> Json:
        """Tell who has most."""
        guild_id, _ = call.member()
        currency = self._currency(guild_id, arguments.currency)
        rows = draft.shelf.richest(guild_id, currency, arguments.count)
        members = [{"user_id": owner, "balance": balance} for owner, balance in rows]
        return {"members": members, "currency": currency}

    def history(self, arguments: HistoryArguments, call: Call, draft: Draft) -> Json:
        """Tell what went in and out of the asking member's account."""
        guild_id, user_id = call.member()
        account = self._account(guild_id, user_id, arguments.currency)
        entries = draft.shelf.history(account, arguments.count)
        told = [
            {"amount": entry.amount, "other": entry.other, "at_unix_s": entry.at_us // 1_000_000}
            for entry in entries
        ]
        return {"entries": told, "currency": account.currency}

    def reserve(self, arguments: ReserveArguments, call: Call, draft: Draft) -> Json:
        """Set coins of the asking member aside."""
        guild_id, user_id = call.member()
        if arguments.seconds > self.settings.hold_limit_s:
            raise Refusal(
                f"coins can be set aside for {self.settings.hold_limit_s} s at most", kind="too_long"
            )
        source = self._account(guild_id, user_id, arguments.currency)
        escrow = Account(guild_id, ESCROW, source.currency)
        check_transfer(source, escrow, arguments.amount, limit=self.settings.transfer_limit)
        draft.move(source, escrow, arguments.amount)
        self._spend(source, arguments.amount, call, draft)
        hold = Hold(
            hold_id=call.call_id,
            caller=call.caller,
            guild_id=guild_id,
            user_id=user_id,
            currency=source.currency,
            amount=arguments.amount,
            state=HoldState.OPEN,
            expires_at_us=call.at_us + arguments.seconds * 1_000_000,
            day=call.day,
        )
        draft.keep(hold)
        return {**_told(hold), "balance": draft.balance(source)}

    def commit(self, arguments: CommitArguments, call: Call, draft: Draft) -> Json:
        """Give coins that were set aside to a member, or spend them."""
        hold = _open_hold(arguments.hold_id, call, draft)
        if hold.expires_at_us <= call.at_us:
            raise Refusal("the time is over; the coins go back to their owner", kind="expired")
        owner = user_id_of(arguments.to_user_id) if arguments.to_user_id else ISSUER
        if owner == hold.user_id:
            raise Refusal("coins cannot be sent to oneself; use economy.void", kind="same_account")
        return _settle(hold, Account(hold.guild_id, owner, hold.currency), HoldState.COMMITTED, draft)

    def void(self, arguments: VoidArguments, call: Call, draft: Draft) -> Json:
        """Give coins that were set aside back to their owner."""
        hold = _open_hold(arguments.hold_id, call, draft)
        return take_back(hold, HoldState.VOIDED, draft)

    def _account(self, guild_id: Snowflake, owner: str, currency: str | None) -> Account:
        return Account(guild_id, owner, self._currency(guild_id, currency))

    def _currency(self, guild_id: Snowflake, wanted: str | None) -> str:
        known = self.settings.currencies_of(guild_id)
        if wanted is not None and wanted not in known:
            raise Refusal(f"this group has no {wanted}; it has {', '.join(known)}", kind="unknown_currency")
        return wanted or known[0]

    def _spend(self, source: Account, amount: int, call: Call, draft: Draft) -> None:
        draft.spend(source, amount, day=call.day, limit=self.settings.user_daily_limit, whose="you")
        self._spend_of_guild(Account(source.guild_id, ISSUER, source.currency), amount, call, draft)

    def _spend_of_guild(self, issuer: Account, amount: int, call: Call, draft: Draft) -> None:
        """Count what the whole group gives away at its issuer's account."""
        draft.spend(issuer, amount, day=call.day, limit=self.settings.guild_daily_limit, whose="this group")


def expire(hold: Hold, draft: Draft) -> None:
    """Give coins whose time is over back to their owner."""
    if hold.state is HoldState.OPEN:
        take_back(hold, HoldState.EXPIRED, draft)


def take_back(hold: Hold, state: HoldState, draft: Draft) -> Json:
    """Give what is set aside back to its owner, who has then not given it away on that day; tells of it."""
    owner = Account(hold.guild_id, hold.user_id, hold.currency)
    told = _settle(hold, owner, state, draft)
    for account in (owner, Account(hold.guild_id, ISSUER, hold.currency)):
        draft.unspend(account, hold.amount, day=hold.day)
    return told


def _open_hold(hold_id: str, call: Call, draft: Draft) -> Hold:
    """Find coins that the asking member has set aside through this caller; raises Refusal."""
    member = call.member()
    hold = draft.find(Hold, (hold_id,))
    if hold is None or hold.caller != call.caller or (hold.guild_id, hold.user_id) != member:
        raise Refusal("nothing was set aside under this id", kind="unknown_hold")
    if hold.state is not HoldState.OPEN:
        raise Refusal(f"these coins are {hold.state.value} already", kind="settled")
    return hold


def _settle(hold: Hold, target: Account, state: HoldState, draft: Draft) -> Json:
    draft.move(Account(hold.guild_id, ESCROW, hold.currency), target, hold.amount)
    settled = replace(hold, state=state)
    draft.keep(settled)
    return _told(settled)


def _told(hold: Hold) -> Json:
    return {
        "hold_id": hold.hold_id,
        "state": hold.state.value,
        "amount": hold.amount,
        "currency": hold.currency,
        "expires_unix_s": hold.expires_at_us // 1_000_000,
    }


_TOOLS: tuple[tuple[str, type[msgspec.Struct], bool, str], ...] = (
    (
        "balance",
        BalanceArguments,
        False,
        "Tell how many coins a member of this group has; the asking member when nobody is named.",
    ),
    ("transfer", TransferArguments, True, "Give coins of the asking member to another member of this group."),
    (
        "award",
        TransferArguments,
        True,
        "Give a member of this group new coins, for something that the group rewards.",
    ),
    ("daily", DailyArguments, True, "Give the asking member the coins that everybody may take once a day."),
    ("leaderboard", LeaderboardArguments, False, "Tell which members of this group have most coins."),
    (
        "history",
        HistoryArguments,
        False,
        "Tell what the asking member has lately got and given; `other` is a member, or the group's `issuer` or `escrow`.",
    ),
    (
        "reserve",
        ReserveArguments,
        True,
        "Set coins of the asking member aside, until they are committed or voided.",
    ),
    (
        "commit",
        CommitArguments,
        True,
        "Give coins that the asking member has set aside to a member, or spend them when nobody is named.",
    ),
    ("void", VoidArguments, True, "Give coins that the asking member has set aside back to him."),
)
"""Each tool: the verb, which is the method that does it, its arguments, whether it changes something, its words."""


def tools(desk: Economy) -> list[Tool[Any]]:
    """Give the economy's tools."""
    return [
        Tool(
            name=f"economy.{verb}",
            description=words,
            arguments=arguments,
            handle=getattr(desk, verb),
            changes=changes,
            cacheable=not changes,
        )
        for verb, arguments, changes, words in _TOOLS
    ]
