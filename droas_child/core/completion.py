"""One answer of a model, put together from the chunks of its stream.

Servers differ: no index, all index 0 with new ids, ids and names repeated in every delta, arguments as an
object, `choices` null, content as a list of parts. What is known of them is handled here; a chunk may be
any JSON at all, and reading it raises nothing.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from droas_child.core.failures import Failure, of_stream_error
from droas_child.core.thoughts import Thoughts

Json = dict[str, Any]
MAX_CALLS = 32
"""Tool calls of one answer; further ones are left out."""

MAX_ARGUMENTS_CHARACTERS = 64 * 1024
"""Of one call; what the mother takes is smaller."""

_OWN_FIELDS = frozenset({"index", "id", "type", "function"})
_REASONING = ("reasoning_content", "reasoning")


@dataclass(slots=True)
class WantedCall:
    """A tool call that the model asks for.

    Args:
        id: the server's id, or one made here.
        name: the tool's name as it was offered.
        arguments: JSON text as it came.
        extra: fields that the server wants back as they were, such as Gemini's thought signatures.
        made_id: whether the id was made here because none had come.
    """

    id: str
    name: str
    arguments: str = ""
    extra: Json = field(default_factory=dict)
    made_id: bool = False

    def parsed(self) -> Json | None:
        """Give the arguments; None when they are no JSON object."""
        try:
            value = json.loads(self.arguments or "{}")
            return _whole_json(value) if isinstance(value, dict) else None
        except (ValueError, RecursionError):
            return None

    def is_whole(self) -> bool:
        """Say whether the arguments are a JSON object already."""
        return self.arguments.rstrip().endswith("}") and self.parsed() is not None


@dataclass(slots=True)
class Completion:
    """What has arrived of an answer.

    Its `tokens` are what the server counted, question and answer together; 0 when it does not tell.
    """

    text: str = ""
    reasoning: str = ""
    calls: list[WantedCall] = field(default_factory=list)
    finish_reason: str = ""
    error: str = ""
    failure: Failure | None = None
    tokens: int = 0
    _open: dict[int, WantedCall] = field(default_factory=dict)
    _known: dict[str, WantedCall] = field(default_factory=dict)
    _last: WantedCall | None = None
    _begun: int = 0
    thoughts: Thoughts = field(default_factory=Thoughts)

    @property
    def said(self) -> str:
        """What people are shown: the text without thoughts, pairs of surrogates joined."""
        return _whole(self.thoughts.said(self.text, whole=self.finish_reason == "stop"))

    def feed(self, chunk: Any) -> bool:
        """Take one chunk; says whether it brought anything of the answer."""
        if not isinstance(chunk, dict):
            return False
        self._take_error(chunk)
        usage = chunk.get("usage")
        if isinstance(usage, dict) and isinstance(usage.get("total_tokens"), int):
            self.tokens = usage["total_tokens"]
        self.finish_reason = finish_reason_of(chunk) or self.finish_reason
        delta = delta_of(chunk)
        text = _text_of(delta.get("content"))
        self.text += text
        self.thoughts.look(self.text)
        reasoning = delta.get("reasoning_content")  # whoever sends it under this name wants it back
        self.reasoning += reasoning if isinstance(reasoning, str) else ""
        calls = _calls_of(delta)
        for call in calls:
            self._take_call(call)
        return bool(text or calls)

    def as_message(self) -> Json:
        """Give the answer as the assistant's turn of a conversation; it holds no halves of characters."""
        message: Json = {"role": "assistant", "content": self.text or None}
        if self.calls and self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.calls:
            message["tool_calls"] = [
                {
                    **call.extra,
                    "id": call.id,
                    "type": "function",
                    # A strict server refuses a past turn whose arguments are not JSON.
                    "function": {
                        "name": call.name,
                        "arguments": "{}" if call.parsed() is None else call.arguments or "{}",
                    },
                }
                for call in self.calls
            ]
        return _whole_json(message)

    def _take_error(self, chunk: Json) -> None:
        if is_error(chunk):
            self.failure, code = of_stream_error(chunk)
            self.error = f"the model's server broke off its answer {code}".rstrip()

    def _take_call(self, delta: Json) -> None:
        function = _dict(delta.get("function"))
        index, call_id = delta.get("index"), _whole(_str(delta.get("id")))
        name, arguments = _whole(_str(function.get("name"))), function.get("arguments")
        call = self._find(index, call_id, name, arguments)
        if call is None:
            call = self._begin(index, call_id, name)
        if call.made_id and call_id:
            call.id, call.made_id = call_id, False
            self._known.setdefault(call_id, call)
        call.name = call.name or name
        call.extra |= {key: value for key, value in delta.items() if key not in _OWN_FIELDS}
        if isinstance(arguments, dict):
            call.arguments = json.dumps(arguments)
        elif isinstance(arguments, str) and len(call.arguments) <= MAX_ARGUMENTS_CHARACTERS:
            call.arguments += arguments

    def _begin(self, index: Any, call_id: str, name: str) -> WantedCall:
        """Begin a call; one too many is followed like the others, so that its pieces go to none of them."""
        call = WantedCall(call_id or f"call_{self._begun}", name, made_id=not call_id)
        if len(self.calls) < MAX_CALLS:
            self.calls.append(call)
        self._open[index if isinstance(index, int) else self._begun] = call
        self._known.setdefault(call.id, call)
        self._last = call
        self._begun += 1
        return call

    def _find(self, index: Any, call_id: str, name: str, arguments: Any) -> WantedCall | None:
        """Give the call that a delta goes on with; None when it begins a new one."""
        if isinstance(index, int):
            known = self._open.get(index)
            another = known is not None and not known.made_id and call_id not in ("", known.id)
            return None if another else known
        if call_id:
            return self._known.get(call_id)
        last = self._last
        if name or last is None:
            return None
        begins = isinstance(arguments, str) and arguments.lstrip().startswith("{")
        return None if begins and last.is_whole() else last


def delta_of(chunk: Any) -> Json:
    """Give what a chunk adds to the answer; empty when it adds nothing."""
    choice = _choice(chunk)
    return _dict(choice.get("delta")) or _dict(choice.get("message"))


def finish_reason_of(chunk: Any) -> str:
    """Give why the answer ended, "" while it goes on."""
    return _str(_choice(chunk).get("finish_reason"))


def is_error(chunk: Any) -> bool:
    """Say whether a chunk is an error inside a stream of status 200."""
    return isinstance(chunk, dict) and bool(chunk.get("error") or chunk.get("object") == "error")


def is_progress(chunk: Any) -> bool:
    """Say whether a chunk shows that the model works: text, thoughts or calls, not just a sign of life."""
    delta = delta_of(chunk)
    return bool(_text_of(delta.get("content")) or _calls_of(delta) or any(map(delta.get, _REASONING)))


def _choice(chunk: Any) -> Json:
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    return _dict(choices[0]) if isinstance(choices, list) and choices else {}


def _calls_of(delta: Json) -> list[Json]:
    calls = delta.get("tool_calls")
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            _str(part.get("text"))
            for part in content
            if isinstance(part, dict) and part.get("type") in ("text", "output_text")
        )
    return ""


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _str(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(text: str) -> str:
    """Give a text without halves of characters: pairs are joined, what is left alone is replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole_json(value: Json) -> Json:
    """Do the same in all of a JSON object."""
    whole: Json = json.loads(_whole(json.dumps(value, ensure_ascii=False)))
    return whole
