"""Whether a change goes on or is taken back: laws over what may be seen of the bots."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_common.ids import BotName
from droas_mother.core.reloading.rollout import CONFIRM_S, UNWELL_S, Promote, Sight, TakeBack, Wait, judge

WELL = Sight(name=BotName("bot_01"), confirmed=True, ready=True, answered=10, model_ok=True)
OTHER = Sight(name=BotName("bot_02"), confirmed=True, ready=True, answered=10, model_ok=True)
SIGHTS = st.builds(
    Sight,
    name=st.just(BotName("bot_01")),
    confirmed=st.booleans(),
    ready=st.booleans(),
    unready_s=st.floats(0, 100),
    crashes=st.integers(0, 3),
    answered=st.integers(0, 50),
    failed=st.integers(0, 50),
    model_ok=st.sampled_from([None, True, False]),
)


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        ({"crashes": 1, "why": "exit code 1"}, "crashed: exit code 1"),
        ({"confirmed": False}, "did not take it over"),
        ({"ready": False, "unready_s": UNWELL_S}, "was not ready"),
        ({"failed": 6, "answered": 4}, "could not answer 6 of 10"),
    ],
)
def test_what_goes_wrong_is_taken_back_with_its_reason(seen: dict[str, object], word: str) -> None:
    """Crashes, silence, sickness and failures each end a rollout."""
    verdict = judge([replace(WELL, **seen)], [OTHER], elapsed_s=CONFIRM_S, observe_s=600)
    assert isinstance(verdict, TakeBack)
    assert word in verdict.why
    assert "bot_01" in verdict.why


def test_what_troubles_everybody_is_not_blamed_on_the_change() -> None:
    """A model that answers nobody, and failures that all have, say nothing about it."""
    sick = {"failed": 8, "answered": 2, "model_ok": False}
    unready = {"ready": False, "unready_s": 60.0}
    assert isinstance(
        judge([replace(WELL, **sick, **unready)], [replace(OTHER, **sick)], elapsed_s=30, observe_s=60), Wait
    )
    assert isinstance(judge([replace(WELL, **sick)], [OTHER], elapsed_s=30, observe_s=60), TakeBack)


@given(SIGHTS, SIGHTS, st.floats(0, 1000))
def test_a_change_goes_on_only_when_all_is_well(canary: Sight, other: Sight, elapsed_s: float) -> None:
    """Never before its time, never unconfirmed, never on a bot that is not ready or has crashed."""
    verdict = judge([canary], [other], elapsed_s=elapsed_s, observe_s=60)
    if isinstance(verdict, Promote):
        assert elapsed_s >= 60
        assert canary.confirmed
        assert canary.ready
        assert not canary.crashes
    if isinstance(verdict, Wait):
        assert elapsed_s < 60


@given(st.lists(SIGHTS, max_size=3), st.floats(0, 59))
def test_a_well_bot_is_waited_for(others: list[Sight], elapsed_s: float) -> None:
    """Nothing that happens to the others takes back a change that does well."""
    well = replace(WELL, failed=0)
    assert judge([well], others, elapsed_s=elapsed_s, observe_s=60) == Wait()
    assert isinstance(judge([well], others, elapsed_s=60, observe_s=60), Promote)
