"""What a chat request asks: who, what, with which tools, and what tools have answered. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
_MENTIONS = re.compile(r"^(?:\s*<@!?\d+>)+\s*")
_NAME = re.compile(r"^([^:\n<>]{1,40}):\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The last thing that a person said.

    Args:
        user: the name in front of it, as in "Alice: hello"; empty when there is none.
        text: the rest, without mentions at its start.
    """

    user: str = ""
    text: str = ""


def question_of(messages: Sequence[Json]) -> Question:
    """Give the last user message, taken apart."""
    for message in reversed(messages):
        if message.get("role") == "user":
            text = _MENTIONS.sub("", text_of(message)).strip()
            name = _NAME.match(text)
            if name is None:
                return Question(user=str(message.get("name") or ""), text=text)
            return Question(user=name.group(1).strip(), text=_MENTIONS.sub("", text[name.end() :]).strip())
    return Question()


def text_of(message: Json) -> str:
    """Give a message's text; its parts joined when it has several."""
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return str(content or "")


def results_of(messages: Sequence[Json]) -> list[Any]:
    """Give the answers of tools behind the last user message, decoded where they are JSON."""
    results: list[Any] = []
    for message in reversed(messages):
        if message.get("role") == "user":
            break
        if message.get("role") == "tool":
            results.append(_decoded(text_of(message)))
    return results[::-1]


def offered_tools(request: Json) -> frozenset[str]:
    """Give the names of the tools that the model may call now."""
    if request.get("tool_choice") == "none":
        return frozenset()
    return frozenset(tool["function"]["name"] for tool in request.get("tools") or ())


def offered_name(name: str, offered: frozenset[str]) -> str | None:
    """Give a tool's name as the request spells it: with dots, `__` or `_`; None when it is not offered."""
    for form in (name, name.replace(".", "__"), name.replace(".", "_")):
        if form in offered:
            return form
    return None


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
