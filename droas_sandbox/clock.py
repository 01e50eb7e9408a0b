"""The sandbox's clock, which tests can set forward and back."""

import time
from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000


class SandboxClock:
    """The machine's clock plus an offset; every age and deadline of the world is measured by it."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now(self) -> float:
        """Give unix seconds."""
        return time.time() + self.offset_s

    def timestamp(self) -> str:
        """Give the present moment as Discord writes it."""
        return iso(self.now())


class Snowflakes:
    """Makes ids that rise with time and never repeat.

    Source: Discord API reference, Snowflakes (milliseconds since 2015 << 22 | worker | process | increment).
    """

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._last_ms = 0
        self._increment = 0

    def new(self) -> str:
        """Give a fresh id."""
        ms = int(self._clock.now() * 1000) - DISCORD_EPOCH_MS
        if ms <= self._last_ms:
            self._increment += 1
            if self._increment > 0xFFF:
                self._last_ms += 1
                self._increment = 0
        else:
            self._last_ms, self._increment = ms, 0
        return str(self._last_ms << 22 | 1 << 17 | self._increment)


def moment_of(snowflake: str) -> float:
    """Give the unix seconds at which an id was made."""
    return ((int(snowflake) >> 22) + DISCORD_EPOCH_MS) / 1000


def iso(at: float) -> str:
    """Write unix seconds as ISO 8601 with offset, as Discord does."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def parse_iso(text: str) -> float | None:
    """Read an ISO 8601 moment; None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
