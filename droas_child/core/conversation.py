"""Who said what, whether it is a question for this bot, and what the model is shown of it."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

from droas_common.ids import Snowflake

Json = dict[str, Any]

MAX_HISTORY_CHARACTERS = 12_000
"""Of what was said before; the oldest messages are left out first."""

_SET_IN = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of a channel."""

    message_id: Snowflake
    author_name: str
    text: str
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as it arrives, with what decides whether it is for this bot.

    Args:
        guild_id: None in a direct message.
        mentions_me: whether it mentions this bot by name, or replies to it.
    """

    message_id: Snowflake
    channel_id: Snowflake
    guild_id: Snowflake | None
    author_id: Snowflake
    author_name: str
    author_is_bot: bool
    text: str
    mentions_me: bool


def is_question(heard: Heard) -> bool:
    """Say whether a message is for this bot: a mention, a reply, or a direct message, of a person."""
    return not heard.author_is_bot and (heard.mentions_me or heard.guild_id is None)


def without_mention(text: str, bot_id: Snowflake) -> str:
    """Give a text without the bot's own mention."""
    return re.sub(rf"<@!?{re.escape(bot_id)}>[ \t]*", "", text).strip()


def prompt(
    *, system: str, bot_id: Snowflake, history: Iterable[Said], question: Heard, removed: Container[Snowflake]
) -> list[Json]:
    """Give the messages that the model is asked with.

    Args:
        system: the persona.
        bot_id: this bot, whose mentions are taken out.
        history: what was said before, oldest first; the question itself may be among it.
        question: what is asked.
        removed: messages that were taken away; nothing of them reaches the model.
    """
    shown: list[Json] = []
    left = MAX_HISTORY_CHARACTERS
    for said in reversed(list(history)):
        if said.message_id == question.message_id or said.message_id in removed or not said.text:
            continue
        text = said.text if said.mine else _line(said.author_name, said.text, bot_id)
        left -= len(text)
        if left < 0:
            break
        shown.append({"role": "assistant" if said.mine else "user", "content": text})
    asked = {"role": "user", "content": _line(question.author_name, question.text, bot_id)}
    return [{"role": "system", "content": system}, *shown[::-1], asked]


def _line(name: str, text: str, bot_id: Snowflake) -> str:
    # A name with line breaks or colons could pretend to be somebody else's line.
    plain = " ".join(name.replace(":", " ").split())[:40] or "somebody"
    # So could a further line of a text; set in, it is seen to belong to the one before, code and all.
    lines = without_mention(text, bot_id).splitlines()
    return f"{plain}: " + "\n".join([*lines[:1], *(line and _SET_IN + line for line in lines[1:])])
