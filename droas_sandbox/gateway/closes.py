"""Close codes: what a connection ends with, and whether its session lives on.

Source: Discord API reference, Gateway Close Event Codes.
"""

BY_CLIENT_FINAL = frozenset({1000, 1001})
"""A client that closes with one of these ends its session."""

BY_SERVER_FINAL = frozenset({4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014})
"""After these the session is over: the client has to identify anew, or may not come back at all."""


class GatewayClose(Exception):  # noqa: N818 - it is a close, with Discord's code
    """The server ends the connection with this code."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


def ends_session(code: int | None, *, by_server: bool) -> bool:
    """Say whether a session is over with a close; None stands for a connection lost without one."""
    return code in (BY_SERVER_FINAL if by_server else BY_CLIENT_FINAL)
