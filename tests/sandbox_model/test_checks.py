"""What is refused, and with which code."""

from typing import Any

import pytest

from droas_sandbox.model.checks import ModelError, check_key, check_request
from droas_sandbox.model.script import ModelScript

Json = dict[str, Any]
USER: Json = {"role": "user", "content": "x"}


def _call(*ids: str) -> Json:
    function = {"name": "t", "arguments": "{}"}
    calls = [{"id": one, "type": "function", "function": function} for one in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def _tool(call_id: Any) -> Json:
    return {"role": "tool", "tool_call_id": call_id, "content": "1"}


def _refused(request: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        check_request(ModelScript(context_tokens=50), request)
    return caught.value


def test_parallel_calls_answered_in_any_order_are_fine() -> None:
    """A conversation where every call has its one answer passes."""
    request = {"model": "sandbox-1", "messages": [USER, _call("a", "b"), _tool("b"), _tool("a"), USER]}
    assert check_request(ModelScript(), request) == request


@pytest.mark.parametrize(
    "messages",
    [
        [USER, _call("a")],
        [USER, _call("a"), USER],
        [USER, _call("a", "b"), _tool("a"), USER],
        [USER, _call("a"), _tool("a"), _tool("a")],
        [USER, _call("a"), _tool("b")],
        [USER, _call("a"), _tool(["a"])],
        [USER, _tool("a")],
        [USER, _call("a", "a"), _tool("a")],
        [USER, {"role": "assistant", "content": None, "tool_calls": ["a"]}],
        [USER, {"role": "assistant", "content": None, "tool_calls": 5}],
        [USER, {"role": "assistant", "content": None}],
        [{"role": "robot", "content": "x"}],
        [{"role": ["user"], "content": "x"}],
        [{"role": "user"}],
        [{"role": "user", "content": 5}],
        ["hello"],
    ],
)
def test_conversation_that_a_strict_server_refuses(messages: list[Any]) -> None:
    """Calls without exactly one answer, unknown roles and messages without content are 400."""
    error = _refused({"model": "sandbox-1", "messages": messages})
    assert (error.status, error.body["error"]["type"]) == (400, "invalid_request_error")
    assert error.body["error"]["param"].startswith("messages.[")


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"model": None}, 400, None, "model"),
        ({"model": "gpt-9"}, 404, "model_not_found", "model"),
        ({"messages": None}, 400, None, "messages"),
        ({"messages": []}, 400, None, "messages"),
        ({"messages": [{**USER, "content": "x" * 200}]}, 400, "context_length_exceeded", "messages"),
        ({"tools": []}, 400, None, "tools"),
        ({"tools": [{"function": {"name": "a.b"}}]}, 400, "invalid_value", "tools[0].function.name"),
        ({"tools": ["a"]}, 400, "invalid_value", "tools[0].function.name"),
        ({"stream_options": {}}, 400, None, "stream_options"),
        ({"max_tokens": 0}, 400, None, "max_tokens"),
        ({"n": 2}, 400, "unsupported_value", "n"),
    ],
)
def test_request_that_a_strict_server_refuses(
    change: Json, status: int, code: str | None, param: str
) -> None:
    """Each fault of a request has its status, its code and the name of the field."""
    error = _refused({"model": "sandbox-1", "messages": [USER], **change})
    assert (error.status, error.body["error"]["code"], error.body["error"]["param"]) == (status, code, param)


def test_body_must_be_an_object() -> None:
    """JSON that is no object is refused."""
    assert _refused(["model"]).status == 400


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer  ", "Basic x", "sk-sandbox"])
def test_request_without_a_key_is_refused(header: str) -> None:
    """A bearer key is needed even where any key will do."""
    with pytest.raises(ModelError) as caught:
        check_key(ModelScript(), header)
    assert (caught.value.status, caught.value.body["error"]["code"]) == (401, "invalid_api_key")


def test_named_keys_are_the_only_ones() -> None:
    """When the script names keys, another one is refused."""
    script = ModelScript.from_document({"keys": ["right"]})
    check_key(script, "Bearer right")
    with pytest.raises(ModelError):
        check_key(script, "Bearer wrong")
