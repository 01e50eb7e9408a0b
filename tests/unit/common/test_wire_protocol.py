"""docs/wire-protocol.md says what the code does."""

import re
from pathlib import Path

from droas_common.wire import calls
from droas_common.wire.frames import MAX_FRAME_BYTES

GUIDE = (Path(__file__).parents[3] / "docs/wire-protocol.md").read_text()


def test_every_error_code_is_explained() -> None:
    """The table of errors has each code of the wire, and no other."""
    told = {int(code) for code in re.findall(r"^\| (-32\d+) \|", GUIDE, flags=re.MULTILINE)}
    assert told == {int(code) for code in calls.ErrorCode}


def test_every_method_and_limit_is_explained() -> None:
    """Each method has a section, and the limits are those that are enforced."""
    assert set(re.findall(r"^### `([a-z/]+)`", GUIDE, flags=re.MULTILINE)) == {
        method.value for method in calls.Method
    }
    assert f"{MAX_FRAME_BYTES:,} bytes" in GUIDE
    assert f"{calls.MAX_DEPTH} levels" in GUIDE
    assert f"{calls.MAX_BRACKETS:,} opening brackets" in GUIDE
    for most in (calls.MAX_NAME_LENGTH, calls.MAX_KEY_LENGTH, calls.MAX_ID_LENGTH):
        assert f"1 to {most} " in GUIDE


def test_every_field_of_a_call_is_explained() -> None:
    """What `_meta` and the actor may carry stands in the tables."""
    for kind in (calls.CallMeta, calls.Actor):
        for name in kind.__struct_encode_fields__:
            assert name in GUIDE
