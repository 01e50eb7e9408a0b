"""What the model says to what."""

import json
from typing import Any

import pytest

from droas_sandbox.model.script import ModelScript, Reply, ScriptError, decide

Json = dict[str, Any]


def _request(text: str, *more: Json, tools: tuple[str, ...] = (), **fields: Any) -> Json:
    offered = [{"type": "function", "function": {"name": name}} for name in tools]
    return {"messages": [{"role": "user", "content": text}, *more], "tools": offered, **fields}


def _say(*rules: Json, asked: Json) -> Reply:
    return decide(ModelScript.from_document({"rules": list(rules)}), asked)


def _answered(*results: Any) -> list[Json]:
    calls = [{"id": str(index), "function": {}} for index, _ in enumerate(results)]
    tools = [
        {"role": "tool", "tool_call_id": str(index), "content": json.dumps(result)}
        for index, result in enumerate(results)
    ]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *tools]


def test_first_matching_rule_speaks_whatever_the_case() -> None:
    """Rules are tried in order, and letters of either case match."""
    rules = [{"when": "STAR", "say": "one"}, {"when": "star", "say": "two"}]
    assert _say(*rules, asked=_request("the brightest Star?")).text == "one"


def test_groups_user_and_question_fill_the_text() -> None:
    """Captured groups with and without names, the asker and his question may be said back."""
    rule = {"when": r"from (?P<a>\w+) to (\w+)", "say": "{user}: {a}-{2} ({question}) {unknown}"}
    assert _say(rule, asked=_request("Ada: from A to B")).text == "Ada: A-B (from A to B) {unknown}"


@pytest.mark.parametrize(
    "text", ["<@12> Alice: hello", "Alice: <@!12> hello", "Alice: hello", "<@12> <@13> hello", "hello"]
)
def test_mentions_and_names_in_front_are_no_part_of_the_question(text: str) -> None:
    """A rule that is anchored to the start sees the bare question."""
    assert _say({"when": "^hello$", "say": "yes"}, asked=_request(text)).text == "yes"


def test_question_is_the_last_of_a_person_even_in_parts() -> None:
    """Later assistant turns are not the question, and content may be a list of parts."""
    parts = {"role": "user", "content": [{"type": "text", "text": "moon"}, {"type": "image_url"}]}
    said = {"role": "assistant", "content": "star"}
    assert _say({"when": "moon", "say": "yes"}, asked=_request("star", parts, said)).text == "yes"


@pytest.mark.parametrize("spelled", ["economy.transfer", "economy__transfer", "economy_transfer"])
def test_call_uses_the_name_that_is_offered(spelled: str) -> None:
    """Dots of a tool's name may be written as one or two underscores, and the call repeats the spelling."""
    rule = {"when": "pay", "call": [{"name": "economy.transfer"}]}
    reply = _say(rule, asked=_request("pay", tools=(spelled,)))
    assert [(call.name, call.arguments) for call in reply.calls] == [(spelled, "{}")]
    assert reply.finish == "tool_calls"


def test_call_without_its_tools_leaves_the_word_to_later_rules() -> None:
    """A rule of two tools does not fire when one is missing, or when tools are forbidden."""
    call = {"when": "pay", "call": [{"name": "a"}, {"name": "b"}]}
    spoken = {"when": "pay", "say": "no tools"}
    assert _say(call, spoken, asked=_request("pay", tools=("a",))).text == "no tools"
    asked = _request("pay", tools=("a", "b"), tool_choice="none")
    assert _say(call, spoken, asked=asked).text == "no tools"


def test_arguments_take_groups_as_text_and_as_numbers() -> None:
    """`{n:int}` is a number, `$n` and `{n}` are texts, at any depth."""
    arguments = {"n": "{n:int}", "s": "$n!", "deep": [{"x": "{n}"}, 5], "odd": "{w:int}"}
    rule = {"when": r"(?P<n>\d+) (?P<w>\w+)", "call": [{"name": "t", "arguments": arguments}]}
    (call,) = _say(rule, asked=_request("17 coins", tools=("t",))).calls
    assert json.loads(call.arguments) == {"n": 17, "s": "17!", "deep": [{"x": "17"}, 5], "odd": "coins"}


def test_parallel_calls_have_ids_of_their_own_unless_forbidden() -> None:
    """Several calls go out at once; a request without parallel calls gets the first only."""
    rule = {"when": "x", "call": [{"name": "a"}, {"name": "b"}]}
    both = _say(rule, asked=_request("x", tools=("a", "b"))).calls
    assert [call.name for call in both] == ["a", "b"]
    assert both[0].id != both[1].id
    one = _say(rule, asked=_request("x", tools=("a", "b"), parallel_tool_calls=False)).calls
    assert [call.name for call in one] == ["a"]


def test_results_of_tools_are_told() -> None:
    """`then` may take whole results, fields, and what lies deeper."""
    rule = {
        "when": "x",
        "call": [{"name": "a"}],
        "then": "{result.n} {result2.list.0.k} {result2.no} {result3}|{result2.list.²}",
    }
    asked = _request("x", *_answered({"n": 5}, {"list": [{"k": "deep"}]}), tools=("a",))
    assert _say(rule, asked=asked).text == "5 deep  |"


def test_refused_call_has_words_of_its_own() -> None:
    """A result with the key `refused` makes the rule say `refused`, and it fills in that result."""
    rule = {"when": "x", "call": [{"name": "a"}], "then": "ok", "refused": "no: {result.message}"}
    asked = _request("x", *_answered({"n": 1}, {"refused": "denied", "message": "poor"}), tools=("a",))
    assert _say(rule, asked=asked).text == "no: poor"


def test_results_of_an_earlier_question_do_not_count() -> None:
    """A new question calls again, although tools had answered before."""
    later = {"role": "user", "content": "x"}
    rule = {"when": "x", "call": [{"name": "a"}]}
    assert _say(rule, asked=_request("x", *_answered(1), later, tools=("a",))).calls


def test_pace_comes_from_the_rule() -> None:
    """`delay_ms`, `tokens_per_s` and `pause_ms` become pauses in seconds."""
    slow = _say({"when": "x", "say": "y", "delay_ms": 250, "tokens_per_s": 20}, asked=_request("x"))
    assert (slow.delay_s, slow.pause_s) == (0.25, 0.05)
    assert _say({"when": "x", "say": "y", "pause_ms": 60}, asked=_request("x")).pause_s == 0.06


def test_text_is_cut_at_the_limit_of_the_request() -> None:
    """`max_tokens` ends an answer early, with the finish reason that says so."""
    reply = _say({"when": "x", "say": "one two three"}, asked=_request("x", max_tokens=2))
    assert (reply.text, reply.finish) == ("one two ", "length")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ada: good morning", "Hello!"),
        ("Ada: what can you do?", "I can chat"),
        ("Ada: why is the sky blue?", 'You said: "why is the sky blue?"'),
    ],
)
def test_unscripted_model_is_friendly(text: str, said: str) -> None:
    """Without a script it greets, says what it can do, and quotes what it does not know."""
    assert decide(ModelScript(), _request(text)).text.startswith(said)


def test_unscripted_model_knows_coins() -> None:
    """Without a script it looks up a balance, and gives coins to whom a mention names."""
    tools = ("economy__balance", "economy__transfer")
    (balance,) = decide(ModelScript(), _request("Ada: hi, how many coins do I have?", tools=tools)).calls
    assert balance.name == "economy__balance"
    (transfer,) = decide(ModelScript(), _request("Ada: please give 7 coins to <@42>", tools=tools)).calls
    assert json.loads(transfer.arguments) == {"to_user_id": "42", "amount": 7}


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([], "must be an object"),
        ({"rule": []}, "knows no rule"),
        ({"rules": {}}, "`rules` must be a list"),
        ({"rules": ["x"]}, "must be an object"),
        ({"rules": [{"when": "x"}]}, "either `say` or `call`"),
        ({"rules": [{"when": "x", "say": "a", "call": []}]}, "either `say` or `call`"),
        ({"rules": [{"when": "(", "say": "a"}]}, "cannot be used"),
        ({"rules": [{"say": "a"}]}, "'when'"),
        ({"rules": [{"when": "x", "call": [{}]}]}, "'name'"),
        ({"rules": [{"when": "x", "say": "y", "delay_ms": "soon"}]}, "cannot be used"),
        ({"context_tokens": 0}, "`context_tokens` must be"),
    ],
)
def test_script_that_cannot_be_used_says_why(document: Any, complaint: str) -> None:
    """A fault of the script is found when it is read, and named."""
    with pytest.raises(ScriptError, match=complaint.replace("(", r"\(")):
        ModelScript.from_document(document)
