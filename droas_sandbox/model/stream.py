"""A reply as the chunks of a stream, or as one completion. Pure.

Source: OpenAI API reference, Chat completions.
"""

import json
import re
from typing import Any

from droas_sandbox.model.script import Reply

Json = dict[str, Any]
_FRAGMENT = 12
"""Characters of a tool call's arguments in one chunk."""


def tokens(text: str) -> int:
    """Estimate tokens: one for every four characters, and one more."""
    return len(text) // 4 + 1


def usage(request: Json, reply: Reply) -> Json:
    """Give the usage of a request."""
    asked = sum(tokens(str(message.get("content") or "")) + 3 for message in request["messages"])
    said = tokens(reply.text) + sum(tokens(call.arguments) + 4 for call in reply.calls)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def completion(request: Json, reply: Reply, completion_id: str, created: int) -> Json:
    """Give the whole answer as one object."""
    message: Json = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in reply.calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
    head = {"id": completion_id, "object": "chat.completion", "created": created, "model": request["model"]}
    return {**head, "choices": [choice], "usage": usage(request, reply)}


def chunks(request: Json, reply: Reply, completion_id: str, created: int) -> list[Json]:
    """Give the answer piece by piece."""
    head = {
        "id": completion_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": request["model"],
    }
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in re.findall(r"\s*\S+\s*$|\s*\S+", reply.text)]
    for index, call in enumerate(reply.calls):
        function = {"name": call.name, "arguments": ""}
        deltas.append(
            {"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]}
        )
        for start in range(0, len(call.arguments), _FRAGMENT):
            part = call.arguments[start : start + _FRAGMENT]
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    made = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    made.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(reply)}]})
    if (request.get("stream_options") or {}).get("include_usage"):
        made.append({**head, "choices": [], "usage": usage(request, reply)})
    return made


def event(chunk: Json) -> bytes:
    """Give a chunk as a server-sent event."""
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"
