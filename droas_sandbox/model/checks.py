"""What a strict server refuses, in OpenAI's words. Pure.

Source: OpenAI API reference, Chat completions; error codes of its guide.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from droas_sandbox.model.script import ModelScript
from droas_sandbox.model.stream import prompt_tokens

Json = dict[str, Any]
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class ModelError(Exception):
    """A refusal: HTTP status, and the body that tells it."""

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
    if scheme.lower() != "bearer" or not key.strip():
        words = "You didn't provide an API key. Provide it in an Authorization header: Bearer YOUR_KEY."
        raise ModelError(401, words, code="invalid_api_key")
    if script.keys and key.strip() not in script.keys:
        raise ModelError(401, "Incorrect API key provided.", code="invalid_api_key")


def decode(raw: bytes) -> Any:
    """Read a body; refuses what is no JSON."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise ModelError(400, "We could not parse the JSON body of your request.") from None


def check_request(script: ModelScript, request: Any) -> Json:
    """Refuse what a strict server would refuse; gives the request back as an object."""
    if not isinstance(request, dict):
        raise ModelError(400, "The body must be a JSON object.")
    model = request.get("model")
    if not isinstance(model, str):
        raise ModelError(400, "you must provide a model parameter", param="model")
    if model not in script.models:
        words = f"The model `{model}` does not exist or you do not have access to it."
        raise ModelError(404, words, code="model_not_found", param="model")
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ModelError(400, "'messages' must be a non-empty array.", param="messages")
    _check_conversation(messages)
    _check_tools(request.get("tools"))
    _check_options(request)
    size = prompt_tokens(request)
    if size > script.context_tokens:
        words = (
            f"This model's maximum context length is {script.context_tokens} tokens. "
            f"However, your messages resulted in {size} tokens."
        )
        raise ModelError(400, words, code="context_length_exceeded", param="messages")
    return request


def _check_conversation(messages: Sequence[Any]) -> None:
    """Refuse unknown roles, and tool calls that are not answered exactly once."""
    unanswered: set[str] = set()
    for index, message in enumerate(messages):
        place = f"messages.[{index}]"
        _check_message(message, place)
        if message["role"] == "tool":
            if str(message.get("tool_call_id")) not in unanswered:
                words = (
                    f"{place}: messages with role 'tool' must answer a preceding message with 'tool_calls'."
                )
                raise ModelError(400, words, param=f"{place}.role")
            unanswered.remove(str(message["tool_call_id"]))
            continue
        _check_answered(unanswered, f"{place}.role")
        unanswered = {call["id"] for call in message.get("tool_calls") or ()}
    _check_answered(unanswered, f"messages.[{len(messages) - 1}].role")


def _check_answered(unanswered: set[str], place: str) -> None:
    if unanswered:
        words = (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. These had no response: {', '.join(sorted(unanswered))}"
        )
        raise ModelError(400, words, param=place)


def _check_message(message: Any, place: str) -> None:
    if not isinstance(message, dict):
        raise ModelError(400, f"{place} must be an object.", param=place)
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role not in _ROLES:
        words = f"Invalid value: {role!r}. Supported values are: {', '.join(sorted(_ROLES))}."
        raise ModelError(400, words, code="invalid_value", param=f"{place}.role")
    calls = message.get("tool_calls") or []
    if content is not None and not isinstance(content, str | list):
        raise ModelError(400, f"{place}.content must be a string or an array.", param=f"{place}.content")
    if content is None and not (role == "assistant" and calls):
        raise ModelError(400, f"{place}.content must be a string or an array.", param=f"{place}.content")
    if role == "assistant":
        _check_calls(calls, f"{place}.tool_calls")


def _check_calls(calls: Any, place: str) -> None:
    if not isinstance(calls, list):
        raise ModelError(400, f"{place} must be an array.", param=place)
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if (
            not isinstance(function, dict)
            or not isinstance(call.get("id"), str)
            or call.get("type") != "function"
        ):
            raise ModelError(400, f"{place}: a call needs an id, the type 'function' and it.", param=place)
        if not all(isinstance(function.get(key), str) for key in ("name", "arguments")):
            raise ModelError(400, f"{place}: name and arguments of a call are strings.", param=place)
    if len({call["id"] for call in calls}) != len(calls):
        raise ModelError(400, f"{place}: two calls have one id.", param=place)


def _check_tools(tools: Any) -> None:
    if tools is None:
        return
    if not isinstance(tools, list) or not tools:
        raise ModelError(400, "'tools' must be a non-empty array.", param="tools")
    for index, tool in enumerate(tools):
        place = f"tools[{index}].function.name"
        function = tool.get("function") if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or _TOOL_NAME.fullmatch(name) is None:
            words = f"Invalid '{place}': expected a string that matches '^[a-zA-Z0-9_-]{{1,64}}$'."
            raise ModelError(400, words, code="invalid_value", param=place)


def _check_options(request: Json) -> None:
    options = request.get("stream_options")
    if options is not None and (not isinstance(options, dict) or not request.get("stream")):
        words = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise ModelError(400, words, param="stream_options")
    for key in ("max_tokens", "max_completion_tokens"):
        limit = request.get(key)
        if limit is not None and (type(limit) is not int or limit < 1):
            raise ModelError(400, f"Invalid '{key}': must be an integer of at least 1.", param=key)
    if request.get("n") not in (None, 1):
        raise ModelError(400, "This model gives one choice only.", code="unsupported_value", param="n")
