"""The life of a bot as one table: which event leads from which state to which.

A pair that is not in the table raises DefectError: the supervisor then believes something that cannot be.
The diagram in docs/architecture.md is drawn from this table.
"""

from enum import StrEnum

from droas_common.errors import DefectError


class State(StrEnum):
    """Where a bot stands, as the mother sees it."""

    STOPPED = "stopped"
    """No process."""
    STARTING = "starting"
    """A process runs and is not yet connected to Discord."""
    READY = "ready"
    """Connected, answering."""
    DEGRADED = "degraded"
    """Alive, but Discord, the model or the configuration is not as it should be."""
    STOPPING = "stopping"
    """Asked to end; finishing what is in flight."""
    BACKOFF = "backoff"
    """No process; waiting for the next start."""
    FAILED = "failed"
    """A cause that a restart cannot cure; waiting for a person or a new configuration."""


class Event(StrEnum):
    """What can happen to a bot."""

    SPAWNED = "spawned"
    """A process was started, or taken over from an earlier mother."""
    BECAME_READY = "became_ready"
    LOST_READINESS = "lost_readiness"
    STOP_ASKED = "stop_asked"
    START_ASKED = "start_asked"
    CRASHED = "crashed"
    """The process ended and nobody had asked it to; or it could not be started."""
    HELD = "held"
    """It may not start yet."""
    GAVE_UP = "gave_up"
    ENDED = "ended"
    """The process ended as it was asked to."""


STEPS: dict[tuple[State, Event], State] = {
    (State.STOPPED, Event.SPAWNED): State.STARTING,
    (State.STOPPED, Event.CRASHED): State.BACKOFF,
    (State.STOPPED, Event.HELD): State.BACKOFF,
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
    (State.BACKOFF, Event.HELD): State.BACKOFF,
    (State.BACKOFF, Event.STOP_ASKED): State.STOPPED,
    (State.FAILED, Event.START_ASKED): State.STOPPED,
    (State.FAILED, Event.STOP_ASKED): State.STOPPED,
}
"""CRASHED from stopped and backoff: the start itself failed, so there was no process to speak of."""


def step(state: State, event: Event) -> State:
    """Give the state after an event.

    Raises:
        DefectError: this event cannot happen in this state.
    """
    try:
        return STEPS[state, event]
    except KeyError:
        raise DefectError(f"a bot that is {state} cannot see the event {event}") from None


def diagram() -> str:
    """Draw the table as a Mermaid state diagram, a line a row."""
    rows = [f"    {state} --> {after}: {event}" for (state, event), after in STEPS.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.STOPPED}", *rows])
