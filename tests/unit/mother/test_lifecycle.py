"""The table of states: every pair is a row or an error, and the documentation draws it."""

from itertools import product
from pathlib import Path

import pytest

from droas_common.errors import DefectError
from droas_mother.core.supervision.lifecycle import STEPS, Event, State, diagram, step


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_is_a_row_or_an_error(state: State, event: Event) -> None:
    """An unlisted pair raises; a listed one gives its row."""
    if (state, event) in STEPS:
        assert step(state, event) is STEPS[state, event]
    else:
        with pytest.raises(DefectError):
            step(state, event)


def test_every_state_can_be_reached_and_left() -> None:
    """No state is a dead end or an island."""
    assert set(STEPS.values()) == set(State)
    assert {state for state, _ in STEPS} == set(State)


def test_the_documentation_shows_this_table() -> None:
    """The diagram in the documentation is the one that the table draws (`make docs` writes it)."""
    text = (Path(__file__).parents[3] / "docs/architecture.md").read_text()
    assert f"```mermaid\n{diagram()}\n```" in text
