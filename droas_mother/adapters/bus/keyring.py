"""Who may connect: CURVE keys, and the ZAP handler that asks for them.

Source: ZeroMQ RFC 26 (CurveZMQ) and RFC 27 (ZAP). The `User-Id` of every message is the client's public
key as the handshake proved it; routing ids and bodies prove nothing.
"""

import logging
import threading
import time

import zmq
import zmq.auth
from pydantic import SecretStr
from zmq.auth.thread import ThreadAuthenticator

from droas_common.logs import log
from droas_common.settings import CurveKeys
from droas_mother.core.tools.authorization import Principal

ZAP_DOMAIN = "droas"

_SAY_EVERY_S = 10.0


class KeyRing:
    """Issues keys to principals and answers ZeroMQ's question whether a key may connect.

    Args:
        context: the context whose sockets are guarded; the handler runs in a thread of its own.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        public, secret = zmq.curve_keypair()
        self.server_public_key = public.decode()
        self.server_secret_key = secret
        self._guard = threading.Lock()
        self._principals: dict[str, Principal] = {}
        self.refused = 0
        self._silent_until = 0.0
        silent = logging.getLogger("droas.zap")
        silent.setLevel(logging.CRITICAL)  # refusals are counted and said below, not written one by one
        self._authenticator = ThreadAuthenticator(context, log=silent)

    def start(self) -> None:
        """Begin to answer; must happen before any guarded socket is bound."""
        self._authenticator.start()
        self._authenticator.configure_curve_callback(domain=ZAP_DOMAIN, credentials_provider=self)

    def stop(self) -> None:
        """Stop answering; nobody can connect from here on."""
        self._authenticator.stop()

    def callback(self, domain: str, key: bytes) -> bool:
        """Say whether this public key (Z85) may connect; called by the handler's thread."""
        admitted = domain == ZAP_DOMAIN and self.principal(key.decode()) is not None
        if not admitted:
            self._note_refused(key)
        return admitted

    def _note_refused(self, key: bytes) -> None:
        """Count it, and say it, but not to everybody who knocks without end: he himself is told nothing."""
        self.refused += 1
        now = time.monotonic()
        if now < self._silent_until:
            return
        self._silent_until = now + _SAY_EVERY_S
        log.warning("key_not_admitted", public_key=key.decode(errors="replace"), refused_so_far=self.refused)

    def issue(self, principal: Principal) -> CurveKeys:
        """Make a fresh key pair for a principal and admit it from now on."""
        public, secret = zmq.curve_keypair()
        with self._guard:
            self._principals[public.decode()] = principal
        return CurveKeys(
            public_key=public.decode(),
            secret_key=SecretStr(secret.decode()),
            server_key=self.server_public_key,
        )

    def admit(self, public_key: str, principal: Principal) -> None:
        """Admit a key that an earlier mother has issued to this principal, from now on."""
        with self._guard:
            self._principals[public_key] = principal

    def revoke(self, public_key: str) -> None:
        """Refuse this key from now on; messages of a connection that it still has are ignored."""
        with self._guard:
            self._principals.pop(public_key, None)

    def principal(self, public_key: str) -> Principal | None:
        """Give who has proven this key; None for a stranger or a revoked key."""
        with self._guard:
            return self._principals.get(public_key)
