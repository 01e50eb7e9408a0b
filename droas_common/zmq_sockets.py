"""ZeroMQ sockets on an asyncio loop, and the one way in which DROAS opens them.

`zmq.asyncio` never yields while messages wait and costs three times a plain socket, so sockets are plain
and are drained through their file descriptor. That descriptor is edge-triggered: after every receive *and*
every send its events must be looked at again, else a message waits for the next one to wake it.

Sockets are Unix sockets, on which the kernel tells at once that a peer has gone, so ZeroMQ's own heartbeats stay
off on both sides. They would be dangerous, too: libzmq 4.3.5 aborts the process when a heartbeat is due, or one of the
peer's is read, on a connection that its peer has closed while more of his messages waited than the queue holds
(`stream_engine_base.cpp`: `out_event` asserts that there was no fault).

Source: libzmq `zmq_getsockopt(3)`, ZMQ_FD and ZMQ_EVENTS.
"""

import asyncio
from collections.abc import Callable

import zmq

from droas_common.settings import CurveKeys
from droas_common.wire.frames import MAX_EVENT_BYTES, MAX_FRAME_BYTES

MAX_BATCH = 128
"""Messages handled before the loop gets its turn again; the rest waits in the socket."""

_LOOKS = 8
"""Messages of one go before each of which is looked whether it is there; an empty receive costs as much as eight looks."""

_CURVE_BYTES = 33
"""What CURVE puts around a frame: command name, nonce, authenticator, flags (RFC 26)."""

_HANDSHAKE_MS = 3_000
_LINGER_MS = 200


class DrainedSocket:
    """A plain socket whose messages are handed to a callback, in bounded batches, on the running loop.

    Args:
        socket: an open socket; it is owned from here on.
        on_message: gets the frames of one message; must not block.
    """

    def __init__(self, socket: "zmq.Socket[bytes]", on_message: Callable[[list[bytes]], None]) -> None:
        self._socket = socket
        self._on_message = on_message
        self._fd = int(socket.get(zmq.FD))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._again: asyncio.Handle | None = None

    def start(self) -> None:
        """Begin to receive; needs the running loop that will own the socket."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._drain)
        self._look_again()

    def send(self, *frames: bytes) -> bool:
        """Send one message without waiting; False when its queue is full or nobody is there."""
        if self._socket.closed:
            return False
        try:
            for frame in frames[:-1]:
                self._socket.send(frame, zmq.NOBLOCK | zmq.SNDMORE)
            self._socket.send(frames[-1], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            return False
        finally:
            self._look_again()
        return True

    def close(self) -> None:
        """Stop receiving and close the socket; what is queued leaves within its linger."""
        if self._loop is not None:
            self._loop.remove_reader(self._fd)
            self._loop = None
        if self._again is not None:
            self._again.cancel()
        self._socket.close()

    def _look_again(self) -> None:
        """Drain soon, because the descriptor may have signalled before this moment."""
        if self._loop is not None and (self._again is None or self._again.cancelled()):
            self._again = self._loop.call_soon(self._drain)

    def _deliver(self, message: list[zmq.Frame]) -> None:
        self._on_message([frame.bytes for frame in message])

    def _receive_one(self) -> list[zmq.Frame]:
        """Give one message, part by part: `recv_multipart` costs twice that."""
        message = [self._socket.recv(zmq.NOBLOCK, copy=False)]
        while message[-1].more:
            message.append(self._socket.recv(zmq.NOBLOCK, copy=False))
        return message

    def _drain(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        for taken in range(MAX_BATCH):
            if self._socket.closed or not worth_a_try(self._socket, taken):
                return
            try:
                message = self._receive_one()
            except zmq.Again:
                return
            try:
                self._deliver(message)
            except BaseException:
                self._look_again()  # one bad message must not silence the ones behind it
                raise
        self._look_again()


class ServedSocket(DrainedSocket):
    """The server's side: every message comes with the public key that its sender has proven.

    Args:
        socket: a bound socket with CURVE; it is owned from here on.
        on_message: gets the sender's public key (Z85) and the frames of one message; must not block.
    """

    def __init__(self, socket: "zmq.Socket[bytes]", on_message: Callable[[str, list[bytes]], None]) -> None:
        super().__init__(socket, lambda _frames: None)
        self._on_proven = on_message

    def _deliver(self, message: list[zmq.Frame]) -> None:
        self._on_proven(sender_key(message[-1]), [frame.bytes for frame in message])


def worth_a_try(socket: "zmq.Socket[bytes]", taken: int) -> bool:
    """Say whether to receive one more message, when so many were there in this go; afterwards one may still be missing."""
    return taken >= _LOOKS or bool(int(socket.get(zmq.EVENTS)) & zmq.POLLIN)


def sender_key(frame: zmq.Frame) -> str:
    """Give the public key that the sender of this frame has proven; "" when it has proven none."""
    try:
        return str(frame.get("User-Id"))
    except zmq.ZMQError:
        return ""


def client_socket(
    context: "zmq.Context[zmq.Socket[bytes]]", kind: int, endpoint: str, keys: CurveKeys
) -> "zmq.Socket[bytes]":
    """Open and connect the client side of a socket, proven by its CURVE keys.

    Args:
        context: the process's ZeroMQ context.
        kind: zmq.DEALER, zmq.SUB or zmq.PUSH.
        endpoint: where the mother's socket is.
        keys: the client's keys and the mother's public key.

    Raises:
        zmq.ZMQError: a key is none.
    """
    socket = context.socket(kind)
    try:
        socket.setsockopt(zmq.LINGER, _LINGER_MS)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public_key.encode())
        socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret_key.get_secret_value().encode())
        socket.setsockopt(zmq.CURVE_SERVERKEY, keys.server_key.encode())
        socket.setsockopt(zmq.RECONNECT_IVL, 20)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1_000)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_EVENT_BYTES)
        socket.connect(endpoint)
    except BaseException:
        socket.close(linger=0)  # else its context could never be ended
        raise
    return socket


def server_socket(
    context: "zmq.Context[zmq.Socket[bytes]]",
    kind: int,
    endpoint: str,
    *,
    secret_key: bytes,
    domain: str,
    send_limit: int = 1_000,
) -> "zmq.Socket[bytes]":
    """Open and bind the server side of a socket; the ZAP handler of the context decides who may connect.

    Args:
        context: the process's ZeroMQ context, in which a ZAP handler runs already.
        kind: zmq.ROUTER, zmq.XPUB or zmq.PULL.
        endpoint: where to bind.
        secret_key: the mother's CURVE secret key, Z85.
        domain: the ZAP domain; an empty one would let unauthenticated peers in.
        send_limit: messages that may wait for one peer that does not read; further ones are dropped.
    """
    socket = context.socket(kind)
    socket.setsockopt(zmq.LINGER, _LINGER_MS)
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, secret_key)
    socket.setsockopt_string(zmq.ZAP_DOMAIN, domain)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES + _CURVE_BYTES)
    socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
    socket.setsockopt(zmq.SNDHWM, send_limit)
    socket.bind(endpoint)
    return socket
