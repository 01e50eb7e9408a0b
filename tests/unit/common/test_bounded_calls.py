"""What cannot travel is refused before it is sent."""

import pytest

from droas_common.tool_client import ToolCallError, bounded_frame
from droas_common.wire.calls import CallParams, Method
from droas_common.wire.frames import MAX_FRAME_BYTES


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        (CallParams(name="t", arguments={"note": "x" * MAX_FRAME_BYTES}), "too_large"),
        (CallParams(name="t", arguments={"note": "\ud800"}), "invalid_params"),
        (CallParams(name="\udc00", arguments={}), "invalid_params"),
    ],
    ids=["too long", "half a character", "half a character in the name"],
)
def test_a_call_that_cannot_travel_is_refused_here(params: CallParams, kind: str) -> None:
    """It is the caller's mistake, told like one that the mother finds."""
    with pytest.raises(ToolCallError) as refused:
        bounded_frame(1, Method.CALL, params)
    assert refused.value.kind == kind
