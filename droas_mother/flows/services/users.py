"""Members: what is known of them."""

from typing import Any

import msgspec

from droas_common.ids import Snowflake
from droas_common.wire.calls import Json
from droas_mother.core.books import Draft
from droas_mother.core.refusals import Refusal
from droas_mother.flows.services.economy import UserId, user_id_of
from droas_mother.flows.services.registry import Call, Tool


class ProfileArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose profile is wanted."""

    user_id: UserId | None = None


def tools() -> list[Tool[Any]]:
    """Give the users' tools."""
    return [
        Tool(
            name="users.profile",
            description="Tell what is known of a member of this group: name, since when, warnings.",
            arguments=ProfileArguments,
            handle=_profile,
            changes=False,
        )
    ]


def _profile(arguments: ProfileArguments, call: Call, draft: Draft) -> Json:
    guild_id, user_id = call.member()
    wanted = user_id_of(arguments.user_id) if arguments.user_id else Snowflake(user_id)
    profile = draft.profile(guild_id, wanted)
    if profile is None:
        raise Refusal("this member has not been seen yet", kind="unknown_member")
    return {
        "user_id": profile.user_id,
        "display_name": profile.display_name,
        "first_seen_unix_s": profile.first_seen_us // 1_000_000,
        "warnings": profile.warnings,
    }
