"""Members: what is known of them, what bots may remember of them, and how they are forgotten."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from droas_common.ids import Snowflake
from droas_common.wire.calls import Json
from droas_common.wire.plain_texts import fitting
from droas_mother.core.bookkeeping.books import Draft
from droas_mother.core.bookkeeping.records import Memory, Profile
from droas_mother.core.tools.refusals import Refusal
from droas_mother.flows.tools.services.registry import Call, Tool, UserId, user_id_of

MAX_NOTES = 20
MAX_PREFERENCES = 32

Name = Annotated[
    str,
    fitting(
        "[a-z][a-z0-9_.-]{0,39}",
        "a preference's name has 1 to 40 small letters, digits, -, _ and ., the first a letter",
        description="A name for it, `language`.",
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=200)]

RolesOf = Callable[[Snowflake, Snowflake], tuple[str, ...] | None]
"""Gives the names of a member's roles in a group, None when he was not seen lately."""


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Arguments: unknown names are refused."""


class WhoArguments(_Struct, frozen=True):
    """Who is meant."""

    user_id: UserId | None = None


class PreferenceArguments(_Struct, frozen=True):
    """What is preferred."""

    name: Name
    value: Annotated[str, Meta(max_length=200, description="Empty: no preference any more.")]


class NoArguments(_Struct, frozen=True):
    """Nothing is asked."""


class NoteArguments(_Struct, frozen=True):
    """What is to be remembered."""

    text: Text


class Users:
    """The users' tools.

    Args:
        roles_of: gives the roles of a member who was seen lately.
    """

    def __init__(self, roles_of: RolesOf) -> None:
        self._roles_of = roles_of

    def profile(self, arguments: WhoArguments, call: Call, draft: Draft) -> Json:
        """Tell what is known of a member, with what he prefers."""
        guild_id, wanted = _who(arguments, call)
        profile = draft.find(Profile, (guild_id, wanted))
        asks_for_himself = call.actor is not None and wanted == call.actor.user_id
        if profile is None and not asks_for_himself:
            raise Refusal("this member has not been seen yet", kind="unknown_member")
        return {
            "user_id": wanted,
            "display_name": profile.display_name if profile is not None else None,
            "first_seen_unix_s": profile.first_seen_us // 1_000_000 if profile is not None else None,
            "warnings": profile.warnings if profile is not None else 0,
            "preferences": _preferences(_memory(guild_id, wanted, draft)),
        }

    def warnings(self, arguments: WhoArguments, call: Call, draft: Draft) -> Json:
        """Tell how often the protection has acted on a member."""
        guild_id, wanted = _who(arguments, call)
        profile = draft.find(Profile, (guild_id, wanted))
        return {"user_id": wanted, "warnings": profile.warnings if profile is not None else 0}

    def roles(self, arguments: WhoArguments, call: Call, _draft: Draft) -> Json:
        """Tell which roles a member had when he was last seen."""
        guild_id, wanted = _who(arguments, call)
        roles = self._roles_of(guild_id, wanted)
        if roles is None:
            raise Refusal("this member has not written anything lately", kind="unknown_member")
        return {"user_id": wanted, "roles": list(roles)}

    def set_preference(self, arguments: PreferenceArguments, call: Call, draft: Draft) -> Json:
        """Keep what the asking member prefers."""
        guild_id, user_id = call.member()
        memory = _memory(guild_id, user_id, draft)
        preferences = _preferences(memory)
        if arguments.value:
            preferences[arguments.name] = arguments.value
        else:
            preferences.pop(arguments.name, None)
        if len(preferences) > MAX_PREFERENCES:
            raise Refusal(f"{MAX_PREFERENCES} preferences are kept at most", kind="too_many")
        draft.keep(replace(memory, preferences=msgspec.json.encode(preferences).decode()))
        return {"user_id": user_id, "preferences": preferences}

    def remember(self, arguments: NoteArguments, call: Call, draft: Draft) -> Json:
        """Keep a fact that the asking member told; beyond the most, the oldest is dropped."""
        guild_id, user_id = call.member()
        memory = _memory(guild_id, user_id, draft)
        notes = [*_notes(memory), arguments.text][-MAX_NOTES:]
        draft.keep(replace(memory, notes=msgspec.json.encode(notes).decode()))
        return {"user_id": user_id, "notes": notes}

    def notes(self, _arguments: NoArguments, call: Call, draft: Draft) -> Json:
        """Tell what was remembered of the asking member."""
        guild_id, user_id = call.member()
        return {"user_id": user_id, "notes": _notes(_memory(guild_id, user_id, draft))}

    def forget(self, _arguments: NoArguments, call: Call, draft: Draft) -> Json:
        """Forget everything that was remembered of the asking member in this group."""
        guild_id, user_id = call.member()
        forgotten = len(_notes(_memory(guild_id, user_id, draft)))
        draft.drop(Memory, (guild_id, user_id))
        return {"user_id": user_id, "forgotten": forgotten}


_TOOLS: tuple[tuple[str, type[msgspec.Struct], bool, str], ...] = (
    (
        "profile",
        WhoArguments,
        False,
        "Tell what is known of a member of this group: name, since when, warnings, preferences.",
    ),
    ("warnings", WhoArguments, False, "Tell how often the protection of this group has acted on a member."),
    ("roles", WhoArguments, False, "Tell which roles a member of this group has."),
    (
        "set_preference",
        PreferenceArguments,
        True,
        "Keep something that the asking member prefers, like a language.",
    ),
    (
        "remember",
        NoteArguments,
        True,
        "Remember a fact that the asking member has told about himself and wants remembered.",
    ),
    ("notes", NoArguments, False, "Tell what was remembered of the asking member."),
    (
        "forget",
        NoArguments,
        True,
        "Forget everything that was remembered of the asking member in this group, notes and preferences.",
    ),
)
"""Each tool: the verb, which is the method that does it, its arguments, whether it changes something, its words."""


def tools(roles_of: RolesOf = lambda _guild_id, _user_id: None) -> list[Tool[Any]]:
    """Give the users' tools."""
    desk = Users(roles_of)
    return [
        Tool(
            name=f"users.{verb}",
            description=words,
            arguments=arguments,
            handle=getattr(desk, verb),
            changes=changes,
            cacheable=not changes and verb != "roles",  # which the mother has seen, and no store
        )
        for verb, arguments, changes, words in _TOOLS
    ]


def _who(arguments: WhoArguments, call: Call) -> tuple[Snowflake, Snowflake]:
    guild_id, user_id = call.member()
    return guild_id, user_id_of(arguments.user_id) if arguments.user_id else user_id


def _memory(guild_id: Snowflake, user_id: Snowflake, draft: Draft) -> Memory:
    return draft.find(Memory, (guild_id, user_id)) or Memory(guild_id=guild_id, user_id=user_id)


def _preferences(memory: Memory) -> dict[str, str]:
    return msgspec.json.decode(memory.preferences, type=dict[str, str])


def _notes(memory: Memory) -> list[str]:
    return msgspec.json.decode(memory.notes, type=list[str])
