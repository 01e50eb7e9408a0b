"""The mother's end of the health socket: what children tell, and what she tells them."""

from collections.abc import Callable

import zmq

from droas_common.logs import log
from droas_common.wire.frames import FrameError, encode
from droas_common.wire.heartbeats import FromChild, FromMother, read_from_child
from droas_common.zmq_sockets import ServedSocket, server_socket
from droas_mother.adapters.bus.keyring import ZAP_DOMAIN, KeyRing
from droas_mother.core.tools.authorization import Principal, PrincipalKind

OnWord = Callable[[Principal, FromChild], None]


class HealthChannel:
    """Receives children's words and sends the mother's.

    Args:
        context: the mother's ZeroMQ context.
        endpoint: where to bind.
        keyring: tells who has proven which key.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, keyring: KeyRing) -> None:
        socket = server_socket(
            context, zmq.ROUTER, endpoint, secret_key=keyring.server_secret_key, domain=ZAP_DOMAIN
        )
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket = ServedSocket(socket, self._on_message)
        self._keyring = keyring
        self._routes: dict[tuple[str, int], bytes] = {}
        self._on_word: OnWord = lambda _principal, _word: None
        self.refused_frames = 0

    def start(self, on_word: OnWord) -> None:
        """Begin to receive on the running loop."""
        self._on_word = on_word
        self._socket.start()

    def tell(self, bot: str, incarnation: int, word: FromMother) -> bool:
        """Send a word to one life of a bot; False when it never spoke or cannot be reached."""
        route = self._routes.get((bot, incarnation))
        return route is not None and self._socket.send(route, encode(word))

    def forget(self, bot: str, incarnation: int) -> None:
        """Drop what is kept of an ended life."""
        self._routes.pop((bot, incarnation), None)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _on_message(self, key: str, frames: list[bytes]) -> None:
        principal = self._keyring.principal(key)
        if principal is None or principal.kind is not PrincipalKind.BOT or len(frames) != 2:
            self.refused_frames += 1
            return
        try:
            word = read_from_child(frames[1])
        except FrameError as error:
            self.refused_frames += 1
            log.warning("health_frame_refused", bot=principal.name, why=str(error))
            return
        self._routes[principal.name, principal.incarnation] = frames[0]
        self._on_word(principal, word)
