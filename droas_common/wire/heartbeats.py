"""The health socket: a child registers, beats, says goodbye; the mother welcomes and steers.

The child's DEALER speaks to the mother's ROUTER. Who speaks is known from the CURVE key of the
connection, never from a message.
"""

from enum import StrEnum

import msgspec

from droas_common.wire.frames import decode

PROTOCOL = 1
"""Raised when child and mother of different releases can no longer understand one another."""


class GatewayState(StrEnum):
    """How the child stands with Discord."""

    CONNECTING = "connecting"
    READY = "ready"
    LOST = "lost"
    REFUSED = "refused"
    """Fatal: Discord refuses this token or these intents; a retry would only burn it."""


class Register(msgspec.Struct, frozen=True, tag="register"):
    """The first message of a child, once its loop runs."""

    pid: int
    protocol: int = PROTOCOL
    preloaded: bool = True


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """Sent by the child's event loop itself, so that a blocked loop falls silent.

    Args:
        sequence: counts up from 1.
        loop_lag_ms: how late the loop woke for this beat, in milliseconds.
        gateway: how the child stands with Discord.
        gateway_latency_ms: round trip of Discord's own heartbeat; None before the first.
        gateway_ack_age_s: seconds since Discord last acknowledged one; None before the first.
        config_revision: the configuration that the child runs.
        answered: messages answered since the start.
        failed: messages that could not be answered since the start.
        in_flight: answers being written now.
        identifies: IDENTIFYs sent since the start.
        model_ok: whether the last request to the model succeeded; None before the first.
        detail: words for a person when something is wrong, "" otherwise.
    """

    sequence: int
    loop_lag_ms: float
    gateway: GatewayState
    gateway_latency_ms: float | None = None
    gateway_ack_age_s: float | None = None
    config_revision: int = 0
    answered: int = 0
    failed: int = 0
    in_flight: int = 0
    identifies: int = 0
    model_ok: bool | None = None
    detail: str = ""


class Guilds(msgspec.Struct, frozen=True, tag="guilds"):
    """The groups that the bot is in; sent when it is ready and whenever they change."""

    guild_ids: list[str]


_RESERVE = 0.1
"""Part of Discord's daily total that is never touched, whoever spent the rest."""


class StartLimit(msgspec.Struct, frozen=True, tag="start_limit"):
    """How often this bot's token may still IDENTIFY, as Discord tells it (GET /gateway/bot).

    Args:
        total: most in 24 hours.
        remaining: left of them.
        reset_after_s: seconds until all are there again.
    """

    total: int
    remaining: int
    reset_after_s: float

    @property
    def reserve(self) -> float:
        """How many are never sent: Discord resets the token of a bot that uses them up."""
        return self.total * _RESERVE


class Goodbye(msgspec.Struct, frozen=True, tag="goodbye"):
    """The last message of a child that ends on purpose, or by an error that it could still tell.

    Args:
        reason: why it ends; for an error, what and where.
        fatal: whether a restart cannot help.
        fingerprint: names the traceback of an error, "" when it ends on purpose.
    """

    reason: str
    fatal: bool = False
    fingerprint: str = ""


FromChild = Register | Heartbeat | Guilds | StartLimit | Goodbye


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The mother knows the child; it may connect to Discord now."""

    heartbeat_interval_s: float


FromMother = Welcome
"""What she wants a child to know; that it shall end, she tells by a signal."""

_from_child: msgspec.json.Decoder[FromChild] = msgspec.json.Decoder(FromChild)
_from_mother: msgspec.json.Decoder[FromMother] = msgspec.json.Decoder(FromMother)


def read_from_child(frame: bytes) -> FromChild:
    """Read what a child sent; raises FrameError."""
    return decode(frame, _from_child)


def read_from_mother(frame: bytes) -> FromMother:
    """Read what the mother sent; raises FrameError."""
    return decode(frame, _from_mother)
