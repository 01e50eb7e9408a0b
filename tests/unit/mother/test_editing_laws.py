"""Edits of any file: what was asked for stands there, and everything else is as it was."""

import io
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from droas_mother.adapters.configuration.editing import NotChangedError, changed
from droas_mother.adapters.configuration.yaml_documents import read_yaml
from droas_mother.core.configuration.documents import Place

_TEXT = st.text(max_size=10, alphabet=st.characters(exclude_categories=["Cs", "Cc"]))
_SCALAR = (
    _TEXT
    | st.integers(-99, 99)
    | st.booleans()
    | st.none()
    | st.sampled_from(["yes", "a\nb", "# x", "1.5", "- a", ""])
)
_KEYS = st.sampled_from(["a", "b_c", "long-key", "d.e", "12"])
_DATA = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_DOCUMENT = st.dictionaries(_KEYS, _DATA, min_size=1, max_size=4)


def written(data: dict[str, Any], *, flow: bool) -> str:
    """Write data as YAML, with a comment behind every line that can have one."""
    stream = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = flow
    yaml.dump(data, stream)
    lines = stream.getvalue().splitlines()
    return "".join(
        f"{line}  # {n}\n" if re.search(r": [\w.]+$", line) else f"{line}\n" for n, line in enumerate(lines)
    )


def places(data: Any, place: Place = ()) -> list[Place]:
    """Give every place of some data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place, *(one for key, value in items for one in places(value, (*place, key)))]


def at(data: Any, place: Place) -> Any:
    """Give what stands at a place."""
    for part in place:
        data = data[part]
    return data


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=_DOCUMENT,
    flow=st.booleans(),
    value=_SCALAR | st.lists(_SCALAR, max_size=2),
    choice=st.integers(0, 1000),
    new=st.booleans(),
)
def test_an_edit_is_what_was_asked_and_nothing_else(
    data: dict[str, Any], flow: bool, value: Any, choice: int, new: bool
) -> None:
    """Any value of any document, there or not yet there; comments of lines that stay, stay."""
    text = written(data, flow=flow)
    reading = read_yaml("f", text)
    if reading.findings:
        return  # a comment that was put behind a text of several lines
    before = reading.documents[0].data
    known = places(before)
    place = known[choice % len(known)]
    if new or not place:
        place = ("fresh", "key")
    try:
        after = changed("f", text, place, value)
    except NotChangedError:
        return  # see the next test for what is never refused
    assert at(read_yaml("f", after).documents[0].data, place) == value
    if isinstance(at(before, place) if place in known else None, dict | list):
        return
    kept = [line for line in text.splitlines() if line in after.splitlines()]
    if not flow:
        assert (
            len(text.splitlines()) - len(kept)
            <= 1 + str(at(before, place) if place in known else "").count("\n") * 4
        )


def test_most_edits_can_be_made() -> None:
    """Refusal is for odd files: of plain ones every single value can be changed."""
    data = {"a": {"b": [1, {"c": "x"}], "d": "text"}, "e": None, "f": True, "g": "several\nlines\n"}
    for flow in (False, True):
        text = written(data, flow=flow)
        for place in places(data)[1:]:
            after = changed("f", text, place, "new")
            assert at(read_yaml("f", after).documents[0].data, place) == "new"


def test_the_text_of_a_refusal_names_the_file() -> None:
    """So that one knows which to edit by hand."""
    with pytest.raises(NotChangedError, match=r"^bots/x\.yaml:"):
        changed("bots/x.yaml", "a: &x 1\nb: *x\n", ("a",), 2)
