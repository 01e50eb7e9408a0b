"""A reply as the chunks of a stream, or as one completion. Pure.

Source: OpenAI API reference, Chat completions.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from droas_sandbox.model.question import text_of
from droas_sandbox.model.script import CHARACTERS_PER_TOKEN, Reply

Json = dict[str, Any]
DONE = b"data: [DONE]\n\n"
_FRAGMENT = 12
"""Characters of a tool call's arguments in one chunk."""

_PER_MESSAGE = 4
"""Tokens that a message costs beyond its text: role and separators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What names a completion: its id, and the unix seconds of its making."""

    id: str
    created: int


def tokens(text: str) -> int:
    """Estimate tokens: one for every four characters, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def prompt_tokens(request: Json) -> int:
    """Estimate what a request costs: its texts, its tool calls, its tools, and 4 for every message."""
    said = sum(tokens(text_of(message)) + _PER_MESSAGE for message in request["messages"])
    calls = [message["tool_calls"] for message in request["messages"] if message.get("tool_calls")]
    described = [*calls, *([request["tools"]] if request.get("tools") else [])]
    return said + sum(tokens(json.dumps(one)) for one in described)


def usage(request: Json, reply: Reply) -> Json:
    """Give the usage of a request."""
    asked = prompt_tokens(request)
    said = tokens(reply.text) + sum(tokens(call.name + call.arguments) + _PER_MESSAGE for call in reply.calls)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def completion(request: Json, reply: Reply, stamp: Stamp) -> Json:
    """Give the whole answer as one object."""
    message: Json = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in reply.calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
    head = _head("chat.completion", request, stamp)
    return {**head, "choices": [choice], "usage": usage(request, reply)}


def chunks(request: Json, reply: Reply, stamp: Stamp) -> list[Json]:
    """Give the answer piece by piece; with `include_usage` a last chunk without choices tells the usage."""
    head = _head("chat.completion.chunk", request, stamp)
    with_usage = bool((request.get("stream_options") or {}).get("include_usage"))
    if with_usage:
        head["usage"] = None
    first: Json = {"role": "assistant", "content": None if reply.calls else ""}
    pieces = [(delta, None) for delta in (first, *_words(reply.text), *_call_deltas(reply))]
    made = [
        {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}
        for delta, finish in [*pieces, ({}, reply.finish)]
    ]
    if with_usage:
        made.append({**head, "choices": [], "usage": usage(request, reply)})
    return made


def event(chunk: Json) -> bytes:
    """Give a chunk as a server-sent event."""
    return b"data: " + json.dumps(chunk, separators=(",", ":"), ensure_ascii=False).encode() + b"\n\n"


def _head(kind: str, request: Json, stamp: Stamp) -> Json:
    return {
        "id": stamp.id,
        "object": kind,
        "created": stamp.created,
        "model": request["model"],
        "system_fingerprint": "fp_sandbox",
    }


def _words(text: str) -> list[Json]:
    """Give a delta for every word with the white space before it."""
    return [{"content": word} for word in re.findall(r"\s*\S+\s*$|\s*\S+|\s+$", text)]


def _call_deltas(reply: Reply) -> list[Json]:
    """Give each call's id and name first, then its arguments in fragments."""
    deltas: list[Json] = []
    for index, call in enumerate(reply.calls):
        function = {"name": call.name, "arguments": ""}
        deltas.append({"index": index, "id": call.id, "type": "function", "function": function})
        for start in range(0, len(call.arguments), _FRAGMENT):
            fragment = call.arguments[start : start + _FRAGMENT]
            deltas.append({"index": index, "function": {"arguments": fragment}})
    return [{"tool_calls": [delta]} for delta in deltas]
