"""Coins: what a member has, and giving some to another."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from droas_common.ids import Snowflake
from droas_common.wire.calls import Json
from droas_mother.core.books import Draft
from droas_mother.core.ledger import Account, transfer
from droas_mother.core.settings import EconomySettings
from droas_mother.flows.services.registry import Call, Tool

UserId = Annotated[
    str,
    Meta(pattern=r"^(<@!?)?[0-9]{1,20}>?$", description="A Discord user: the id, or the mention <@id>."),
]


class BalanceArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose balance is wanted."""

    user_id: UserId | None = None


class TransferArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets how many coins."""

    to_user_id: UserId
    amount: Annotated[int, Meta(ge=1, le=10**12, description="Whole coins to give.")]
    note: Annotated[str, Meta(max_length=200, description="A word to the receiver.")] = ""


def user_id_of(text: str) -> Snowflake:
    """Give the id out of an id or a mention."""
    return Snowflake(text.strip("<@!>"))


def tools(settings: EconomySettings) -> list[Tool[Any]]:
    """Give the economy's tools."""

    def balance(arguments: BalanceArguments, call: Call, draft: Draft) -> Json:
        guild_id, user_id = call.member()
        owner = user_id_of(arguments.user_id) if arguments.user_id else user_id
        return {"user_id": owner, "balance": draft.balance(Account(guild_id, owner)), "currency": "coins"}

    def send(arguments: TransferArguments, call: Call, draft: Draft) -> Json:
        guild_id, user_id = call.member()
        source, target = Account(guild_id, user_id), Account(guild_id, user_id_of(arguments.to_user_id))
        draft.post(*transfer(source, target, arguments.amount, limit=settings.transfer_limit))
        return {
            "from_user_id": source.owner,
            "to_user_id": target.owner,
            "amount": arguments.amount,
            "balance": draft.balance(source),
            "currency": "coins",
        }

    return [
        Tool(
            name="economy.balance",
            description="Tell how many coins a member of this group has; the asking member when nobody is named.",
            arguments=BalanceArguments,
            handle=balance,
            changes=False,
        ),
        Tool(
            name="economy.transfer",
            description="Give coins of the asking member to another member of this group.",
            arguments=TransferArguments,
            handle=send,
            changes=True,
        ),
    ]
