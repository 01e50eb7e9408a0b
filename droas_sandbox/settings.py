"""What the sandbox can be told: intervals, limits, buffers. The defaults are those of the live service."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """One sandbox.

    Args:
        heartbeat_interval_s: told to clients in HELLO.
        heartbeat_tolerance_s: how late a heartbeat may be.
        session_ttl_s: how long a dropped session can be resumed.
        replay_events: dispatches kept of each session for a resume.
        identifies_per_day: `session_start_limit.total`.
        max_concurrency: how many keys identifies are spread over, by shard.
        identify_window_s: seconds between two identifies of one key.
        sends_per_minute: payloads a client may send in a minute.
        messages_kept: messages kept of each channel.
        rate_limits: whether REST buckets are enforced.
        global_per_second: requests of one bot in a second.
        invalid_requests: answers of 401, 403 and 429 in ten minutes before the address is banned.
        interaction_s: seconds for the first answer to an interaction.
        followup_s: seconds for which an interaction's token lives.
    """

    heartbeat_interval_s: float = 41.25
    heartbeat_tolerance_s: float = 10.0
    session_ttl_s: float = 180.0
    replay_events: int = 5_000
    identifies_per_day: int = 1_000
    max_concurrency: int = 1
    identify_window_s: float = 5.0
    sends_per_minute: int = 120
    messages_kept: int = 2_000
    rate_limits: bool = True
    global_per_second: int = 50
    invalid_requests: int = 10_000
    interaction_s: float = 3.0
    followup_s: float = 900.0
