"""A call is asked again with its key, and nobody is asked who does not answer."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_common.circuit_breaker import Breaker, BreakerRules, admit, after, left
from droas_common.errors import OutsideError
from droas_common.tool_client import ToolCallError, ToolUnavailableError
from droas_common.tool_retries import RetryingTools, fresh_key
from droas_common.wire.calls import Actor, Json, ToolDescription, ToolResult

RULES = BreakerRules(failures=3, rest_s=10)


class Mother:
    """Answers as she is told to, one thing after another."""

    def __init__(self, *answers: BaseException | ToolResult) -> None:
        self.answers = list(answers)
        self.keys: list[str | None] = []

    async def list_tools(self, *, timeout_s: float = 5.0) -> list[ToolDescription]:
        """Have none."""
        return []

    async def call(
        self,
        name: str,
        arguments: Json,
        *,
        actor: Actor | None,
        timeout_s: float = 5.0,
        idempotency_key: str | None = None,
    ) -> ToolResult:
        """Answer."""
        self.keys.append(idempotency_key)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


DONE = ToolResult(structured_content={"done": True})


async def test_a_lost_answer_is_asked_for_with_the_same_key() -> None:
    """Two lost answers cost two tries; the key is one, and made when nobody gives it."""
    mother = Mother(ToolUnavailableError("lost"), ToolUnavailableError("busy", retry_after_s=0.01), DONE)
    assert await RetryingTools(mother).call("t", {}, actor=None, timeout_s=5) == DONE
    assert (len(mother.keys), len(set(mother.keys)), None in mother.keys) == (3, 1, False)


async def test_a_refusal_is_not_asked_again() -> None:
    """What would be refused again is told at once."""
    mother = Mother(ToolCallError("no", kind="denied"))
    with pytest.raises(ToolCallError):
        await RetryingTools(mother).call("t", {}, actor=None)
    assert len(mother.keys) == 1


async def test_the_deadline_is_for_all_tries_together() -> None:
    """When no time is left for another try, the last failure is told."""
    mother = Mother(ToolUnavailableError("busy", retry_after_s=60))
    with pytest.raises(ToolUnavailableError, match="busy"):
        await RetryingTools(mother).call("t", {}, actor=None, timeout_s=1)
    assert len(mother.keys) == 1


async def test_who_does_not_answer_is_left_in_peace() -> None:
    """After some failures in a row nobody is asked for a while, and the caller learns at once when again."""
    mother = Mother(ToolUnavailableError("lost"))
    tools = RetryingTools(mother, RULES)
    for _ in range(3):
        with pytest.raises(OutsideError):
            await tools.call("t", {}, actor=None, timeout_s=0.01)
    with pytest.raises(OutsideError, match="has not answered lately") as refused:
        await tools.call("t", {}, actor=None, timeout_s=0.01)
    assert (len(mother.keys), refused.value.retry_after_s is not None) == (3, True)


async def test_a_call_that_nobody_waits_for_says_nothing_of_the_mother() -> None:
    """However many questions are taken away, she is asked the next one; and an open breaker still closes."""
    mother = Mother(asyncio.CancelledError())
    tools = RetryingTools(mother, RULES)
    for _ in range(5):
        with pytest.raises(asyncio.CancelledError):
            await tools.call("t", {}, actor=None)
    mother.answers = [DONE]
    assert await tools.call("t", {}, actor=None) == DONE


def test_a_try_that_was_given_up_lets_the_next_one_try() -> None:
    """An open breaker is as open as before, and waits for nobody."""
    breaker = Breaker(failures=3, opened_at=0.0)
    trying, wait_s = admit(breaker, RULES, now=11)
    assert (trying.trying, wait_s) == (True, 0)
    assert left(trying) == breaker


async def test_another_mother_has_not_failed_yet() -> None:
    """She is asked at once, however often the one before her did not answer."""
    mother = Mother(*[ToolUnavailableError("lost")] * 3, DONE)
    tools = RetryingTools(mother, RULES)
    for _ in range(3):
        with pytest.raises(OutsideError):
            await tools.call("t", {}, actor=None, timeout_s=0.01)
    tools.forgive()
    assert await tools.call("t", {}, actor=None, timeout_s=0.01) == DONE


@pytest.mark.parametrize("error", [ToolUnavailableError("lost"), ToolCallError("no", kind="denied")])
async def test_an_error_tells_the_key_of_its_call(error: ToolUnavailableError | ToolCallError) -> None:
    """So that a caller who gave none can ask again with it."""
    mother = Mother(error)
    with pytest.raises(type(error)) as told:
        await RetryingTools(mother).call("t", {}, actor=None, timeout_s=0.01)
    assert told.value.idempotency_key == mother.keys[0] is not None


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20)), max_size=60))
def test_an_open_breaker_lets_one_call_try_at_a_time(events: list[tuple[bool, float]]) -> None:
    """It opens after three failures in a row, rests, lets one try, and closes by any answer."""
    breaker, now, row = Breaker(), 0.0, 0
    for answered, pause_s in events:
        now += pause_s
        breaker, wait_s = admit(breaker, RULES, now=now)
        if wait_s:
            assert row >= RULES.failures
            assert wait_s <= RULES.rest_s + 1e-9
            continue
        if breaker.trying:
            assert admit(breaker, RULES, now=now)[1] > 0
        breaker = after(breaker, RULES, answered=answered, now=now)
        row = 0 if answered else row + 1
        assert (breaker.opened_at is not None) == (row >= RULES.failures)


def test_keys_rise_with_time_and_are_never_made_twice() -> None:
    """So that an index of them stays small, and two calls are two calls."""
    keys = [fresh_key() for _ in range(2000)]
    assert len(set(keys)) == len(keys)
    assert [key[:12] for key in keys] == sorted(key[:12] for key in keys)
