"""One answer of a model, put together from the chunks of its stream.

Servers differ: no index, all index 0 with new ids, ids and names repeated in every delta, arguments as an
object, `choices` null, content as a list of parts. What is known of them is handled here.
"""

import json
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class WantedCall:
    """A tool call that the model asks for.

    Args:
        id: the server's id, or one made here.
        name: the tool's name as it was offered.
        arguments: JSON text as it came.
    """

    id: str
    name: str
    arguments: str = ""

    def parsed(self) -> Json | None:
        """Give the arguments; None when they are no JSON object."""
        try:
            value = json.loads(self.arguments or "{}")
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


@dataclass(slots=True)
class Completion:
    """What has arrived of an answer."""

    text: str = ""
    calls: list[WantedCall] = field(default_factory=list)
    finish_reason: str = ""
    error: str = ""
    tokens: int | None = None
    _open: dict[int, WantedCall] = field(default_factory=dict)

    def feed(self, chunk: Any) -> bool:
        """Take one chunk; says whether it brought anything of the answer."""
        if not isinstance(chunk, dict):
            return False
        self._take_error(chunk)
        usage = chunk.get("usage")
        if isinstance(usage, dict) and isinstance(usage.get("total_tokens"), int):
            self.tokens = usage["total_tokens"]
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return False
        choice = choices[0]
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        delta = choice.get("delta") or choice.get("message") or {}
        text = _text_of(delta.get("content"))
        self.text += text
        calls = [call for call in delta.get("tool_calls") or () if isinstance(call, dict)]
        for call in calls:
            self._take_call(call)
        return bool(text or calls)

    def as_message(self) -> Json:
        """Give the answer as the assistant's turn of a conversation."""
        message: Json = {"role": "assistant", "content": self.text or None}
        if self.calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments or "{}"},
                }
                for call in self.calls
            ]
        return message

    def _take_error(self, chunk: Json) -> None:
        error = chunk.get("error")
        if error or chunk.get("object") == "error":
            self.error = "the model's server broke off its answer"

    def _take_call(self, delta: Json) -> None:
        function = delta.get("function") or {}
        index, call_id, name = delta.get("index"), delta.get("id") or "", function.get("name") or ""
        call = self._find(index, call_id, name)
        if call is None:
            call = WantedCall(call_id or f"call_{len(self.calls)}", name)
            self.calls.append(call)
            self._open[index if isinstance(index, int) else len(self.calls) - 1] = call
        call.name = call.name or name
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            call.arguments = json.dumps(arguments)
        elif isinstance(arguments, str):
            call.arguments += arguments

    def _find(self, index: Any, call_id: str, name: str) -> WantedCall | None:
        """Give the call that a delta goes on with; None when it begins a new one."""
        if isinstance(index, int):
            known = self._open.get(index)
            return None if known is not None and call_id and known.id != call_id else known
        if call_id:
            return next((call for call in self.calls if call.id == call_id), None)
        return None if name or not self.calls else self.calls[-1]


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            part.get("text", "") for part in content if isinstance(part, dict) and part.get("type") == "text"
        )
    return ""
