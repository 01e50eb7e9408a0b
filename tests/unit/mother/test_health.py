"""Start-up, liveness and readiness are judged apart."""

from typing import Any

import pytest

from droas_common.wire.heartbeats import GatewayState, Heartbeat
from droas_mother.core.supervision.health import Judgement, Patience, Signs, Verdict, judge, own_gap_s
from droas_mother.core.supervision.usage import Excess, Limits, Usage, busy_since, excess

PATIENCE = Patience(heartbeat_s=3, busy_s=60)


def signs(*, registered: bool = True, last: float | None = 10.0, **more: Any) -> Signs:
    """Give signs of a child; `beat` names fields of its heartbeat."""
    fields = more.pop("beat", None)
    beat = None if fields is None else Heartbeat(sequence=1, loop_lag_ms=fields.pop("lag", 0.0), **fields)
    return Signs(register_by=20.0, registered=registered, last_beat_at=last, beat=beat, **more)


READY = {"gateway": GatewayState.READY}


@pytest.mark.parametrize(
    ("known", "now", "judgement"),
    [
        (signs(registered=False, last=None), 5, Judgement(Verdict.WAIT)),
        (signs(registered=False, last=None), 21, Judgement(Verdict.HUNG, "it did not register in time")),
        (signs(beat={"gateway": GatewayState.CONNECTING}), 11, Judgement(Verdict.WAIT)),
        (signs(beat=dict(READY)), 11, Judgement(Verdict.READY)),
        (signs(beat=dict(READY)), 13.5, Judgement(Verdict.HUNG, "no heartbeat for 3 s")),
        (signs(beat=dict(READY), status="stopped"), 11, Judgement(Verdict.HUNG, "it is stopped by a signal")),
        (signs(beat=dict(READY), status="zombie"), 11, Judgement(Verdict.READY)),
        (
            signs(beat=dict(READY), last=99.0, busy_since=30.0),
            100,
            Judgement(Verdict.HUNG, "it has used a whole core for 60 s"),
        ),
        (
            signs(beat={"gateway": GatewayState.LOST, "detail": "Discord is away"}),
            11,
            Judgement(Verdict.NOT_READY, "Discord is away"),
        ),
        (
            signs(beat={**READY, "gateway_ack_age_s": 61.0}),
            11,
            Judgement(Verdict.NOT_READY, "Discord has not acknowledged a heartbeat for 61 s"),
        ),
        (
            signs(beat={**READY, "config_revision": 1}, revision=2),
            11,
            Judgement(Verdict.NOT_READY, "it runs configuration 1, not 2"),
        ),
        (
            signs(beat={**READY, "model_ok": False}),
            11,
            Judgement(Verdict.NOT_READY, "its model service does not answer"),
        ),
        (
            signs(beat={**READY, "lag": 1500.0}),
            11,
            Judgement(Verdict.NOT_READY, "its event loop is 1500 ms late"),
        ),
    ],
)
def test_signs_lead_to_a_judgement(known: Signs, now: float, judgement: Judgement) -> None:
    """Silence means hung; a lost gateway, an old configuration or a silent model mean not ready."""
    assert judge(known, PATIENCE, now=now) == judgement


@pytest.mark.parametrize(("slept_s", "gap_s"), [(0.25, 0.0), (0.9, 0.0), (10.25, 10.0)])
def test_the_mothers_own_gaps_are_noticed(slept_s: float, gap_s: float) -> None:
    """A turn a little late is nothing; a long one is time in which nobody could be heard."""
    assert own_gap_s(slept_s=slept_s, meant_s=0.25) == gap_s


def use(**more: Any) -> Usage:
    """Give a small process, but for what is named."""
    usual = {"pss_bytes": 10 * 2**20, "uss_bytes": 0, "cpu_percent": 1.0, "open_files": 30, "threads": 4}
    return Usage(**{**usual, "status": "sleeping", **more})


@pytest.mark.parametrize(
    ("usage", "found"),
    [
        (use(), None),
        (use(pss_bytes=150 * 2**20), Excess(False, "150 MiB of memory, more than the soft limit of 100")),
        (use(pss_bytes=250 * 2**20), Excess(True, "250 MiB of memory, more than the hard limit of 200")),
        (
            use(pss_bytes=150 * 2**20, threads=99),
            Excess(True, "99 threads, more than the hard limit of 50"),
        ),
        (use(open_files=400), Excess(False, "400 open files, more than the soft limit of 300")),
    ],
)
def test_the_worst_excess_is_named(usage: Usage, found: Excess | None) -> None:
    """A hard limit counts before a soft one; a figure without a limit never counts."""
    limits = Limits(memory_soft_mib=100, memory_hard_mib=200, files_soft=300, threads_hard=50)
    assert excess(usage, limits) == found
    assert excess(usage, Limits()) is None


def test_only_being_busy_without_a_pause_counts() -> None:
    """One calm look ends the row."""
    busy, calm = use(cpu_percent=99.0), use(cpu_percent=60.0)
    since = busy_since(busy, None, now=5.0)
    assert (since, busy_since(busy, since, now=9.0), busy_since(calm, since, now=9.0)) == (5.0, 5.0, None)
