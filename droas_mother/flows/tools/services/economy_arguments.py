"""What the economy's tools take; the fields' descriptions are what a model is told of them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from droas_common.wire.plain_texts import fitting
from droas_mother.flows.tools.services.registry import UserId

Amount = Annotated[int, Meta(ge=1, le=10**12, description="Whole coins.")]
Note = Annotated[str, Meta(max_length=200, description="A word about it.")]
Currency = Annotated[
    str,
    fitting(
        "[a-z][a-z0-9_-]{0,31}",
        "a currency has 1 to 32 small letters, digits, - and _, the first a letter",
        description="A currency of this group; its usual one by default.",
    ),
]
HoldId = Annotated[
    str,
    fitting(
        "[0-9a-f]{24}", "a hold's id has 24 hexadecimal digits", description="What economy.reserve gave."
    ),
]


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Arguments: unknown names are refused."""


class BalanceArguments(_Struct, frozen=True):
    """Whose balance is wanted."""

    user_id: UserId | None = None
    currency: Currency | None = None


class TransferArguments(_Struct, frozen=True):
    """Who gets how many coins."""

    to_user_id: UserId
    amount: Amount
    note: Note = ""
    currency: Currency | None = None


class DailyArguments(_Struct, frozen=True):
    """Which currency is taken."""

    currency: Currency | None = None


class LeaderboardArguments(_Struct, frozen=True):
    """How many members are shown."""

    count: Annotated[int, Meta(ge=1, le=25)] = 10
    currency: Currency | None = None


class HistoryArguments(_Struct, frozen=True):
    """How many entries are shown."""

    count: Annotated[int, Meta(ge=1, le=50)] = 10
    currency: Currency | None = None


class ReserveArguments(_Struct, frozen=True):
    """How many coins are set aside, and for how long."""

    amount: Amount
    seconds: Annotated[int, Meta(ge=1, le=30 * 86_400, description="Until they come back by themselves.")] = (
        600
    )
    note: Note = ""
    currency: Currency | None = None


class CommitArguments(_Struct, frozen=True):
    """Who gets coins that were set aside."""

    hold_id: HoldId
    to_user_id: UserId | None = None
    """Nobody: they are spent, and go back to the group's issuer."""


class VoidArguments(_Struct, frozen=True):
    """Which coins come back."""

    hold_id: HoldId
