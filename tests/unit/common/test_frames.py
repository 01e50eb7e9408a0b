"""Bytes of foreigners are refused in words, never by a crash."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_common.wire.calls import MAX_BRACKETS, MAX_DEPTH, Method, read_call, read_request, request_frame
from droas_common.wire.frames import MAX_FRAME_BYTES, FrameError, encode


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


def nested(depth: int) -> msgspec.Raw:
    """Give the parameters of a call whose arguments nest so deep."""
    inner = depth - 1
    return msgspec.Raw(b'{"name": "x", "arguments": {"a": %s}}' % (b"[" * inner + b"]" * inner))


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, MAX_BRACKETS - 1, 5_000, 30_000])
def test_deep_arguments_are_refused(depth: int) -> None:
    """Arguments that nest too deep are refused, however deep they are; the last allowed level is not."""
    assert read_call(nested(MAX_DEPTH)).name == "x"
    with pytest.raises(FrameError, match=r"deeper|brackets"):
        read_call(nested(depth))


@pytest.mark.parametrize("frame", [b"[" * 20_000, b'{"id": 1, "params":' + b"[" * 60_000])
def test_deep_frames_are_refused(frame: bytes) -> None:
    """Nothing nests so deep that it ends the reader."""
    with pytest.raises(FrameError):
        read_request(frame)


def test_many_brackets_are_refused_and_few_in_texts_do_not_count_as_depth() -> None:
    """Text may hold brackets, but a call has no thousands of them."""
    assert (
        read_call(msgspec.Raw(encode({"name": "x", "arguments": {"a": "[" * 500 + '"' + "{" * 500}}))).name
        == "x"
    )
    with pytest.raises(FrameError, match="at most 1024 opening brackets"):
        read_call(msgspec.Raw(encode({"name": "x", "arguments": {"a": [[]] * MAX_BRACKETS}})))


def test_a_fault_is_named_with_its_path() -> None:
    """A wrong type is refused with the place where it stands."""
    with pytest.raises(FrameError, match=r"\$\.arguments"):
        read_call(msgspec.Raw(b'{"name": "x", "arguments": 5}'))
