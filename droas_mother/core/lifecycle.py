"""The life of a bot as one table: which event leads from which state to which.

A pair that is not in the table raises DefectError: the supervisor then believes something that cannot be.
"""

from enum import StrEnum

from droas_common.errors import DefectError


class State(StrEnum):
    """Where a bot stands, as the mother sees it."""

    STOPPED = "stopped"
    """No process, and none is wanted."""
    STARTING = "starting"
    """A process runs and is not yet connected to Discord."""
    READY = "ready"
    """Connected, answering."""
    DEGRADED = "degraded"
    """Alive, but Discord or the configuration is not as it should be."""
    STOPPING = "stopping"
    """Asked to end; finishing what is in flight."""
    BACKOFF = "backoff"
    """Crashed; waiting for the next start."""
    FAILED = "failed"
    """A cause that a restart cannot cure; waiting for a person or a new configuration."""


class Event(StrEnum):
    """What can happen to a bot."""

    SPAWNED = "spawned"
    BECAME_READY = "became_ready"
    LOST_READINESS = "lost_readiness"
    STOP_ASKED = "stop_asked"
    CRASHED = "crashed"
    GAVE_UP = "gave_up"
    ENDED = "ended"


STEPS: dict[tuple[State, Event], State] = {
    (State.STOPPED, Event.SPAWNED): State.STARTING,
    (State.STOPPED, Event.CRASHED): State.BACKOFF,
    (State.STOPPED, Event.GAVE_UP): State.FAILED,
    (State.STARTING, Event.BECAME_READY): State.READY,
    (State.STARTING, Event.STOP_ASKED): State.STOPPING,
    (State.STARTING, Event.CRASHED): State.BACKOFF,
    (State.STARTING, Event.GAVE_UP): State.FAILED,
    (State.READY, Event.LOST_READINESS): State.DEGRADED,
    (State.READY, Event.STOP_ASKED): State.STOPPING,
    (State.READY, Event.CRASHED): State.BACKOFF,
    (State.READY, Event.GAVE_UP): State.FAILED,
    (State.DEGRADED, Event.BECAME_READY): State.READY,
    (State.DEGRADED, Event.STOP_ASKED): State.STOPPING,
    (State.DEGRADED, Event.CRASHED): State.BACKOFF,
    (State.DEGRADED, Event.GAVE_UP): State.FAILED,
    (State.STOPPING, Event.ENDED): State.STOPPED,
    (State.BACKOFF, Event.SPAWNED): State.STARTING,
    (State.BACKOFF, Event.CRASHED): State.BACKOFF,
    (State.BACKOFF, Event.GAVE_UP): State.FAILED,
    (State.BACKOFF, Event.STOP_ASKED): State.STOPPED,
    (State.FAILED, Event.SPAWNED): State.STARTING,
    (State.FAILED, Event.CRASHED): State.BACKOFF,
    (State.FAILED, Event.GAVE_UP): State.FAILED,
    (State.FAILED, Event.STOP_ASKED): State.STOPPED,
}
"""CRASHED from stopped, backoff and failed: the start itself failed, so there is no process to speak of."""

ALIVE = frozenset({State.STARTING, State.READY, State.DEGRADED})
"""A process runs and shall go on."""


def step(state: State, event: Event) -> State:
    """Give the state after an event.

    Raises:
        DefectError: this event cannot happen in this state.
    """
    try:
        return STEPS[state, event]
    except KeyError:
        raise DefectError(f"a bot that is {state} cannot see the event {event}") from None
