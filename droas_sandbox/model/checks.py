"""What a strict server refuses, in OpenAI's words. Pure."""

from typing import Any

from droas_sandbox.model.script import ModelScript
from droas_sandbox.model.stream import tokens

Json = dict[str, Any]
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


class ModelError(Exception):
    """A refusal: HTTP status, and the error object's fields."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        kind = "invalid_request_error" if status < 500 else "server_error"
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def check_key(script: ModelScript, header: str) -> None:
    """Refuse a request without a key, or with one that the script does not name."""
    scheme, _, key = header.partition(" ")
    if scheme != "Bearer" or not key or (script.keys and key not in script.keys):
        raise ModelError(401, "Incorrect API key provided.", code="invalid_api_key")


def check_request(script: ModelScript, request: Any) -> None:
    """Refuse what a strict server would refuse."""
    if not isinstance(request, dict):
        raise ModelError(400, "The body must be a JSON object.")
    if request.get("model") not in script.models:
        raise ModelError(
            404, f"The model {request.get('model')!r} does not exist.", code="model_not_found", param="model"
        )
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ModelError(400, "'messages' must be a non-empty array.", param="messages")
    _check_messages(messages)
    size = sum(tokens(str(message.get("content") or "")) for message in messages)
    if size > script.context_tokens:
        words = f"This model's maximum context length is {script.context_tokens} tokens, your messages have {size}."
        raise ModelError(400, words, code="context_length_exceeded", param="messages")


def _check_messages(messages: list[Any]) -> None:
    """Refuse unknown roles, and tool calls that are not answered exactly once."""
    open_calls: list[str] = []
    for index, message in enumerate(messages):
        place = f"messages.[{index}]"
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise ModelError(400, f"{place} has no known role.", param=place)
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                raise ModelError(400, f"{place} answers no open tool call.", param=place)
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            raise ModelError(400, f"tool calls without an answer: {', '.join(open_calls)}", param=place)
        if message["role"] == "assistant":
            calls = message.get("tool_calls") or []
            if message.get("content") is None and not calls:
                raise ModelError(400, f"{place} has neither content nor tool_calls.", param=place)
            open_calls = [call["id"] for call in calls]
    if open_calls:
        raise ModelError(400, f"tool calls without an answer: {', '.join(open_calls)}", param="messages")
