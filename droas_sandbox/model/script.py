r"""What the model says: the first rule that matches the last user message decides. Pure.

A script is an object; everything in it may be left out::

    {"rules": [{"when": "send (?P<n>\\d+) coins to <@(?P<to>\\d+)>",
                "call": [{"name": "economy.transfer", "arguments": {"to_user_id": "$to", "amount": "{n:int}"}}],
                "then": "Done: {result.amount} coins are on their way.",
                "refused": "That did not work: {result.message}."},
               {"when": "star", "say": "Look up, {user}.", "delay_ms": 200, "tokens_per_s": 20}],
     "otherwise": "You said: {question}",
     "models": ["sandbox-1"], "keys": ["only-this-one"], "context_tokens": 32000}

`when` is a regular expression, searched without regard to case. A rule has `say`, or `call` with `then`.

A rule with `call` fires only when the request offers all its tools; otherwise later rules are tried. A tool
`economy.transfer` is also found as `economy__transfer` or `economy_transfer`, because OpenAI's tool names
have only letters, digits, `_` and `-`. Several calls go out side by side. When tools have answered, the same
rule gives `then`; `refused` instead, when an answer is an object with the key `refused`.

`delay_ms` waits before the answer begins, `tokens_per_s` (or `pause_ms`, between two words) sets its pace.
What may stand in braces says `placeholders.py`. Own rules come before the built-in ones.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from droas_sandbox.model.default_rules import DEFAULT_OTHERWISE, DEFAULT_RULES
from droas_sandbox.model.placeholders import fill, fill_argument
from droas_sandbox.model.question import (
    Question,
    offered_name,
    offered_tools,
    question_of,
    results_of,
)
from droas_sandbox.model.rule import Rule, ScriptError, only

Json = dict[str, Any]
_SCRIPT_KEYS = frozenset({"rules", "otherwise", "models", "keys", "context_tokens"})
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that the model asks for; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the model.

    Args:
        text: what it says.
        calls: the tools that it asks for; then the text is empty.
        finish: why it ends: stop, tool_calls or length.
        delay_s: pause before it begins.
        pause_s: pause between two words of a stream.
    """

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"
    delay_s: float = 0.0
    pause_s: float = 0.0


DEFAULTS = tuple(Rule.from_document(rule) for rule in DEFAULT_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScript:
    """All that the model knows.

    Args:
        rules: tried in order.
        otherwise: said when none fires.
        models: the names that the server lists.
        keys: API keys that are accepted; empty for any.
        context_tokens: longest conversation, by the estimate of `stream.tokens`.
        document: what it was made from.
    """

    rules: tuple[Rule, ...] = DEFAULTS
    otherwise: str = DEFAULT_OTHERWISE
    models: tuple[str, ...] = ("sandbox-1",)
    keys: frozenset[str] = frozenset()
    context_tokens: int = 32_000
    document: Json = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """Read a script; rules of the document come before the built-in ones. Raises ScriptError."""
        only(document, _SCRIPT_KEYS, "a script")
        for key in ("rules", "models", "keys"):
            if not isinstance(document.get(key, []), list):
                raise ScriptError(f"`{key}` must be a list")
        models = tuple(str(name) for name in document.get("models", ())) or cls().models
        return cls(
            rules=(*(Rule.from_document(rule) for rule in document.get("rules", ())), *DEFAULTS),
            otherwise=str(document.get("otherwise", DEFAULT_OTHERWISE)),
            models=models,
            keys=frozenset(str(key) for key in document.get("keys", ())),
            context_tokens=_whole(document.get("context_tokens", cls().context_tokens)),
            document=dict(document),
        )


def decide(script: ModelScript, request: Json) -> Reply:
    """Give the model's answer to a chat request that was found good."""
    question = question_of(request["messages"])
    for rule in script.rules:
        match = rule.when.search(question.text)
        reply = None if match is None else _follow(rule, match, request, question)
        if reply is not None:
            return _within(reply, request)
    said = fill(script.otherwise, {"question": question.text, "user": question.user})
    return _within(Reply(text=said), request)


def _follow(rule: Rule, match: re.Match[str], request: Json, question: Question) -> Reply | None:
    """Answer by one rule; None when it needs a tool that is not offered."""
    groups = {str(place): text or "" for place, text in enumerate((match.group(0), *match.groups()))}
    groups |= {key: text or "" for key, text in match.groupdict().items()}
    values = {"question": question.text, "user": question.user, **groups}
    paced = Reply(delay_s=rule.delay_s, pause_s=rule.pause_s)
    if not rule.call:
        return replace(paced, text=fill(rule.say, values))
    results = results_of(request["messages"])
    if results:
        return replace(paced, text=_conclude(rule, values, results))
    calls = _calls(rule, values, request)
    return replace(paced, calls=calls, finish="tool_calls") if calls else None


def _conclude(rule: Rule, values: Mapping[str, str], results: Sequence[Any]) -> str:
    refusals = [one for one in results if isinstance(one, Mapping) and "refused" in one]
    if refusals and rule.refused is not None:
        return fill(rule.refused, values, refusals)
    return fill(rule.then, values, results)


def _calls(rule: Rule, values: Mapping[str, str], request: Json) -> tuple[ToolCall, ...]:
    """Give a rule's calls; none at all when one of its tools is not offered."""
    offered = offered_tools(request)
    wanted = rule.call if request.get("parallel_tool_calls", True) else rule.call[:1]
    calls = []
    for index, (name, arguments) in enumerate(wanted):
        spelled = offered_name(name, offered)
        if spelled is None:
            return ()
        call_id = f"call_{len(request['messages'])}_{index}"
        calls.append(
            ToolCall(id=call_id, name=spelled, arguments=json.dumps(fill_argument(arguments, values)))
        )
    return tuple(calls)


def _within(reply: Reply, request: Json) -> Reply:
    """Cut a text that is longer than the request allows."""
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    room = limit * CHARACTERS_PER_TOKEN if limit else len(reply.text)
    return reply if len(reply.text) <= room else replace(reply, text=reply.text[:room], finish="length")


def _whole(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ScriptError(f"`context_tokens` must be a positive whole number, not {value!r}")
    return value
