"""What a child writes into its lock file: who it is, for whoever finds it alive later."""

from pathlib import Path

import msgspec

from droas_common.wire.frames import FrameError, decode, encode
from droas_common.wire.heartbeats import PROTOCOL


class LifeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One life of a bot.

    Args:
        pid: its process.
        start_ticks: when that process started, in clock ticks since boot; with the pid it names it for good.
        incarnation: which life of the bot.
        public_key: the CURVE key (Z85) by which it proves itself.
        digest: names the settings that it was started with, as far as only a restart changes them.
        protocol: what it speaks with the mother.
        live_restore: whether a later mother may take it over.
    """

    pid: int
    start_ticks: int
    incarnation: int = 0
    public_key: str = ""
    digest: str = ""
    protocol: int = PROTOCOL
    live_restore: bool = False


class Beacon(msgspec.Struct, frozen=True, kw_only=True):
    """What the mother writes into the runtime folder, so that children of an earlier mother find her.

    Args:
        pid: her process.
        start_ticks: when it started, in clock ticks since boot.
        server_key: the public key (Z85) of her sockets; new with every start.
    """

    pid: int
    start_ticks: int
    server_key: str


_record: msgspec.json.Decoder[LifeRecord] = msgspec.json.Decoder(LifeRecord)
_beacon: msgspec.json.Decoder[Beacon] = msgspec.json.Decoder(Beacon)


def read_life_record(path: Path) -> LifeRecord | None:
    """Read a lock file; None when there is none or it says nothing that can be understood."""
    try:
        return decode(path.read_bytes(), _record)
    except (OSError, FrameError):
        return None


def read_beacon(path: Path) -> Beacon | None:
    """Read a mother's beacon; None when there is none or it cannot be understood."""
    try:
        return decode(path.read_bytes(), _beacon)
    except (OSError, FrameError):
        return None


def written(value: LifeRecord | Beacon) -> bytes:
    """Give what stands in the file."""
    return encode(value) + b"\n"


def start_ticks(pid: int) -> int | None:
    """Give a process's start time in clock ticks since boot (field 22 of /proc/pid/stat); None when gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        return int(text.rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None
