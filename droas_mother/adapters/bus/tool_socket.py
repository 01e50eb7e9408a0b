"""The mother's end of the tool socket: a blocking ROUTER, and a bell that the event loop can ring."""

import os
import threading

import msgspec
import zmq

from droas_common.zmq_sockets import sender_key, server_socket, worth_a_try
from droas_mother.adapters.bus.keyring import ZAP_DOMAIN, KeyRing
from droas_mother.core.tools.authorization import Principal

MAX_ANSWERS = 8_192
"""Answers that may wait for a caller who does not read: all that he can have asked for before he is stopped."""


class Incoming(msgspec.Struct, frozen=True):
    """One frame, who proved to have sent it, and the way back."""

    principal: Principal
    envelope: list[bytes]
    frame: bytes


class ToolSocket:
    """Used by one thread, but for `ring`, which any thread may call.

    Args:
        context: the mother's ZeroMQ context.
        endpoint: where to bind.
        keyring: tells who has proven which key.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, keyring: KeyRing) -> None:
        self._socket = server_socket(
            context,
            zmq.ROUTER,
            endpoint,
            secret_key=keyring.server_secret_key,
            domain=ZAP_DOMAIN,
            send_limit=MAX_ANSWERS,
        )
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._keyring = keyring
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._bell_guard = threading.Lock()
        self._open = True
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._bell, zmq.POLLIN)
        self.refused_frames = 0
        self.unanswered = 0

    def ring(self) -> None:
        """Wake the waiting thread; once it has closed the bell, there is nobody to wake."""
        with self._bell_guard:
            if self._open:
                os.eventfd_write(self._bell, 1)

    def wait(self) -> None:
        """Wait until a frame is there or the bell rings."""
        for ready, _ in self._poller.poll():
            if ready == self._bell:
                os.eventfd_read(self._bell)

    def receive(self, most: int, most_bytes: int) -> list[Incoming]:
        """Give the frames that wait, at most so many, and none once so many bytes were received.

        Those of strangers are dropped and counted.
        """
        batch: list[Incoming] = []
        for taken in range(most):
            if not worth_a_try(self._socket, taken):
                break
            try:
                envelope, body = self._receive_one()
            except zmq.Again:
                break
            principal = self._keyring.principal(sender_key(body))
            if principal is None:
                self.refused_frames += 1
                continue
            frame = body.bytes
            batch.append(Incoming(principal, envelope, frame))
            most_bytes -= len(frame)
            if most_bytes <= 0:
                break
        return batch

    def _receive_one(self) -> tuple[list[bytes], zmq.Frame]:
        """Give the way back and the body of one message, part by part: `recv_multipart` costs twice that."""
        # A REQ puts an empty frame before its body, a DEALER does not; the way back is the way here.
        envelope = [self._socket.recv(zmq.NOBLOCK)]
        while (body := self._socket.recv(zmq.NOBLOCK, copy=False)).more:
            envelope.append(body.bytes)
        return envelope, body

    def answer(self, incoming: Incoming, frame: bytes) -> None:
        """Send an answer; one whose caller has gone is counted and dropped."""
        try:
            for part in incoming.envelope:
                self._socket.send(part, zmq.NOBLOCK | zmq.SNDMORE)
            self._socket.send(frame, zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            self.unanswered += 1

    def close(self) -> None:
        """Close the socket and the bell."""
        self._socket.close()
        with self._bell_guard:
            self._open = False
            os.close(self._bell)
