r"""What the model says: the first rule that matches the last user message decides. Pure.

A rule is an object::

    {"when": "send (?P<n>\d+) coins to <@(?P<to>\d+)>",
     "call": [{"name": "economy.transfer", "arguments": {"to_user_id": "{to}", "amount": "{n:int}"}}],
     "then": "Done: {result.amount} coins are on their way."}

`when` is a regular expression, tried without regard to case. `say` and `then` may use `{name}` of its
groups, `{question}`, `{result}` and `{result.key}` of the tool's answer. `call` fires only when the request
offers the tools; a tool named `economy.transfer` is also known as `economy__transfer` or
`economy_transfer`, because OpenAI's tool names have no dots. `{n:int}` makes a number of a group.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

DEFAULT_RULES: list[Json] = [
    {
        "when": r"\b(hello|hi|hey|good morning)\b",
        "say": "Hello! It is good to see you here. What can I do for you?",
    },
    {
        "when": r"\bhow many coins\b|\bbalance\b|\bcoins do i have\b",
        "call": [{"name": "economy.balance", "arguments": {}}],
        "then": "You have {result.balance} coins.",
        "refused": "I could not look: {result.message}.",
    },
    {
        "when": r"\b(?:send|give|pay)\s+(?P<n>\d+)\s+coins?\s+to\s+<@!?(?P<to>\d+)>",
        "call": [{"name": "economy.transfer", "arguments": {"to_user_id": "{to}", "amount": "{n:int}"}}],
        "then": "Done. {result.amount} coins are with <@{to}> now, and {result.balance} are left to you.",
        "refused": "That did not work: {result.message}.",
    },
    {
        "when": r"\bwhat can you do\b|\bhelp\b",
        "say": (
            "I can chat, and with the tools of this community I can do a little more:\n"
            "- tell you **how many coins** you have\n- **give coins** to somebody\n"
            "```text\ngive 5 coins to @somebody\n```\nJust ask."
        ),
    },
]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the model.

    Args:
        text: what it says.
        calls: the tools that it asks for; then the text is empty.
        delay_s: pause before it begins.
        pause_s: pause between two words of a stream.
    """

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    delay_s: float = 0.0
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScript:
    """All that the model knows.

    Args:
        rules: tried in order.
        otherwise: said when none matches.
        models: the names that the server lists.
        keys: API keys that are accepted; empty for any.
    """

    rules: tuple[Json, ...] = tuple(DEFAULT_RULES)
    otherwise: str = 'You said: "{question}". I am only a small model in a sandbox, but I am listening.'
    models: tuple[str, ...] = ("sandbox-1",)
    keys: frozenset[str] = field(default_factory=frozenset)
    context_tokens: int = 32_000

    @classmethod
    def from_document(cls, document: Json) -> "ModelScript":
        """Read a script; rules of the document come before the built-in ones. Raises ValueError."""
        rules = [*document.get("rules", ()), *DEFAULT_RULES]
        for rule in rules:
            try:
                re.compile(rule["when"])
            except (KeyError, re.error) as error:
                raise ValueError(f"a rule's `when` cannot be used: {error}") from error
        given: dict[str, Any] = {}
        if "models" in document:
            given["models"] = tuple(document["models"])
        if "otherwise" in document:
            given["otherwise"] = str(document["otherwise"])
        return cls(rules=tuple(rules), keys=frozenset(document.get("keys", ())), **given)


def decide(script: ModelScript, request: Json) -> Reply:
    """Give the model's answer to a chat request."""
    messages = request["messages"]
    question = _question(messages)
    offered = {tool["function"]["name"] for tool in request.get("tools") or () if "function" in tool}
    for rule in script.rules:
        match = re.search(rule["when"], question, re.IGNORECASE)
        if match is None:
            continue
        groups = {key: value or "" for key, value in match.groupdict().items()}
        reply = _follow(rule, groups, messages, offered, question)
        if reply is not None:
            return reply
    return Reply(text=_fill(script.otherwise, {"question": question}, {}))


def _follow(
    rule: Json, groups: dict[str, str], messages: list[Json], offered: set[str], question: str
) -> Reply | None:
    """Answer by one rule; None when it needs a tool that is not offered."""
    delay_s, pause_s = float(rule.get("delay_ms", 0)) / 1000, float(rule.get("pause_ms", 0)) / 1000
    values = {**groups, "question": question}
    if "call" not in rule:
        return Reply(text=_fill(rule.get("say", ""), values, {}), delay_s=delay_s, pause_s=pause_s)
    results = _results(messages)
    if results:
        text = rule.get("then", "{result}")
        if isinstance(results[0], Mapping) and "refused" in results[0]:
            text = rule.get("refused", text)
        return Reply(text=_fill(text, values, results[0]), delay_s=delay_s, pause_s=pause_s)
    calls = []
    for index, call in enumerate(rule["call"]):
        name = _offered_name(call["name"], offered)
        if name is None:
            return None
        arguments = {key: _argument(value, groups) for key, value in call.get("arguments", {}).items()}
        calls.append(ToolCall(f"call_{len(messages)}_{index}", name, json.dumps(arguments)))
    return Reply(calls=tuple(calls), delay_s=delay_s, pause_s=pause_s)


def _question(messages: list[Json]) -> str:
    """Give the last user message, without the asker's name in front and mentions of bots at its start."""
    for message in reversed(messages):
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, list):
                content = " ".join(part.get("text", "") for part in content if isinstance(part, dict))
            return re.sub(r"^[^:\n]{1,40}:\s", "", str(content or ""), count=1).strip()
    return ""


def _results(messages: list[Json]) -> list[Any]:
    """Give the answers of tools behind the last user message, decoded where they are JSON."""
    results: list[Any] = []
    for message in reversed(messages):
        if message.get("role") == "user":
            break
        if message.get("role") == "tool":
            try:
                results.append(json.loads(message.get("content") or "null"))
            except ValueError:
                results.append(message.get("content"))
    return results[::-1]


def _offered_name(name: str, offered: set[str]) -> str | None:
    for form in (name, name.replace(".", "__"), name.replace(".", "_")):
        if form in offered:
            return form
    return None


def _argument(value: Any, groups: dict[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    number = re.fullmatch(r"\{(\w+):int\}", value)
    if number:
        return int(groups[number.group(1)])
    return _fill(value, groups, {})


def _fill(text: str, values: Mapping[str, str], result: Any) -> str:
    def put(match: re.Match[str]) -> str:
        name, _, key = match.group(1).partition(".")
        if name == "result":
            found = result.get(key, "") if key and isinstance(result, Mapping) else result
            return found if isinstance(found, str) else json.dumps(found)
        return values.get(name, match.group(0))

    return re.sub(r"\{([a-z_]+(?:\.[a-z_]+)?)\}", put, text)
