"""Bytes of foreigners are refused in words, never by a crash."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_common.wire.calls import Method, read_call, read_request, request_frame
from droas_common.wire.frames import MAX_DEPTH, MAX_FRAME_BYTES, FrameError, depth_of, encode


@given(st.binary(max_size=300))
def test_random_bytes_are_read_or_refused(frame: bytes) -> None:
    """No bytes make the reader raise anything but FrameError."""
    with contextlib.suppress(FrameError):
        read_request(frame)


integers = st.integers(-(2**63), 2**63 - 1)


@given(st.dictionaries(st.text(max_size=8), integers | st.text(max_size=20), max_size=5))
def test_a_request_survives_the_wire(arguments: dict[str, object]) -> None:
    """What is written is what is read."""
    sent = {"name": "economy.balance", "arguments": arguments}
    request = read_request(request_frame(7, Method.CALL, sent))
    assert (request.id, request.method) == (7, Method.CALL)
    assert read_call(request.params).arguments == arguments


def test_an_oversized_frame_is_refused() -> None:
    """A frame beyond the bound is refused before it is decoded."""
    with pytest.raises(FrameError, match="more than"):
        read_request(b"x" * (MAX_FRAME_BYTES + 1))


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000, 30_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    """A frame that nests too deep is refused, however deep it is."""
    with pytest.raises(FrameError, match="deeper"):
        read_request(b"[" * depth + b"]" * depth)


def test_brackets_in_strings_do_not_count() -> None:
    """Text may hold any number of brackets."""
    assert depth_of(encode({"a": "[" * 500 + '"' + "{" * 500})) == 1


def test_a_fault_is_named_with_its_path() -> None:
    """A wrong type is refused with the place where it stands."""
    with pytest.raises(FrameError, match=r"\$\.arguments"):
        read_call(msgspec.Raw(b'{"name": "x", "arguments": 5}'))
