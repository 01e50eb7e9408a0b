"""DROAS's tool calls beside zerorpc, gRPC, FastAPI, NATS and two floors: one transfer of a coin, many times.

Every server and every client is a process of its own. Contestants take turns in every round, so that a
drift of the machine's speed meets all of them; windows in which others took the processor are measured
again, and counted. DROAS runs with everything on, over SQLite with synchronous=FULL and over PostgreSQL.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness import Figures, parser, report
from toolcall_parts.contestants import Contestant, Field
from toolcall_parts.processes import Machine, Program

IN_FLIGHT = (1, 10, 100)
CHILDREN = 10
CALLS_PER_S = 2_000
BAD_FRAMES_PER_S = (90, 1_000)
"""Just within what is answered, and more than is read."""
MOST_OTHERS = 0.12
"""Part of the processors that others may take of a window that counts."""

_AGAIN = 2
_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Window:
    """What came of one window."""

    calls_per_s: float
    micros: list[int]
    errors: int
    others: float

    def percentile(self, percent: int) -> float:
        """Give a percentile of the calls' time, in microseconds."""
        ordered = sorted(self.micros)
        return float(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)])


Rows = dict[str, list[Window]]


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__ or "")
    asked.add_argument("--rounds", type=int, default=8, help="how often each window is measured")
    options = asked.parse_args()
    rounds, window_s = (1, 0.4) if options.quick else (options.rounds, 0.5)
    rows: Rows = defaultdict(list)
    with Field() as field:
        for one in field.all:
            measure(one, [one.client(0)], {"in_flight": 100, "seconds": 0.3})  # caches, connections, code
        for _ in range(rounds):
            for in_flight in IN_FLIGHT:
                for one in field.all:
                    again(one, rows, f"{one.name}.c{in_flight}", in_flight, window_s)
        for one in field.all:
            if not options.quick or one.name.startswith("droas"):
                ten_children(one, rows, max(1, rounds // 2), 2.0)
        quiet_caller(field.one("droas.sqlite"), rows, rounds, 1.0)
        lag_ms = added_lag_ms(field.one("droas.sqlite"), rounds, 1.0 if options.quick else 2.0)
    figures = figures_of(rows) | {"droas.mother_loop_lag_added.p99_ms": lag_ms}
    report(figures | ratios_of(figures), options.json)


def again(one: Contestant, rows: Rows, name: str, in_flight: int, seconds: float) -> None:
    """Measure a window until it is not disturbed, or often enough."""
    for _ in range(_AGAIN):
        rows[name].append(measure(one, [one.client(0)], {"in_flight": in_flight, "seconds": seconds}))
        if rows[name][-1].others <= MOST_OTHERS:
            break


def ten_children(one: Contestant, rows: Rows, rounds: int, seconds: float) -> None:
    """Have ten processes offer calls at random instants, 2,000 a second in all."""
    clients = [one.client(number) for number in range(1, 1 + CHILDREN)]
    command = {"rate": CALLS_PER_S / len(clients), "seconds": seconds}
    measure(one, clients, command | {"seconds": 0.3})
    for _ in range(rounds):
        for _ in range(_AGAIN):
            window = measure(one, clients, command)
            rows[f"{one.name}.ten_children_{CALLS_PER_S}"].append(window)
            if window.others <= MOST_OTHERS:
                break
    one.rest()


def quiet_caller(one: Contestant, rows: Rows, rounds: int, seconds: float) -> None:
    """Have a quiet caller call fifty times a second: alone, beside a hundred calls in flight, beside bad frames."""
    quiet = one.client(1)
    loud = {
        "quiet_beside_flood": (one.client(0), {"in_flight": 100}),
        **{
            f"quiet_beside_{rate}_bad_frames": (one.bad_caller(), {"rate": rate}) for rate in BAD_FRAMES_PER_S
        },
    }
    command = {"rate": 50, "seconds": seconds}
    for _ in range(rounds):
        rows[f"{one.name}.quiet_alone"].append(measure(one, [quiet], command))
        for name, (other, what) in loud.items():
            other.tell(what | {"seconds": seconds + 0.2})
            rows[f"{one.name}.{name}"].append(measure(one, [quiet], command))
            other.hear()
    one.rest()


def measure(one: Contestant, clients: list[Program], command: dict[str, Any]) -> Window:
    """Have these clients offer calls for a while."""
    machine = Machine(one.pids())
    for client in clients:
        client.tell(command)
    told = [client.hear() for client in clients]
    others = machine.others()
    micros = [micro for one in told for micro in one["micros"]]
    calls_per_s = sum(len(one["micros"]) / one["seconds"] for one in told)
    return Window(calls_per_s, micros or [0], sum(one["errors"] for one in told), others)


def added_lag_ms(one: Contestant, rounds: int, seconds: float) -> float:
    """Give how much later the mother's loop wakes while her gateway is saturated."""
    added = []
    for _ in range(rounds):
        idle = lag_ms(one, lambda: time.sleep(seconds))
        busy = lag_ms(one, lambda: measure(one, [one.client(0)], {"in_flight": 100, "seconds": seconds}))
        added.append(busy - idle)
    return round(statistics.median(added), 3)


def lag_ms(one: Contestant, meanwhile: Callable[[], object]) -> float:
    """Give the loop's lag while something is done, p99 in milliseconds."""
    one.server.tell("watch")
    meanwhile()
    one.server.tell("lag")
    return float(one.server.hear())


def figures_of(rows: Rows) -> Figures:
    """Give medians over the windows that count; where too few do, over the less disturbed half."""
    figures: Figures = {}
    for name, windows in rows.items():
        calm = sorted(windows, key=lambda one: one.others)
        counted = [one for one in calm if one.others <= MOST_OTHERS]
        if len(counted) < _ENOUGH:
            counted = calm[: max(_ENOUGH, len(calm) // 2)]
        unit, scale = ("ms", 1000) if "children" in name else ("us", 1)
        figures[f"{name}.calls_per_s"] = round(statistics.median(one.calls_per_s for one in counted), 1)
        for percent in (50, 95, 99):
            value = statistics.median(one.percentile(percent) for one in counted) / scale
            figures[f"{name}.p{percent}_{unit}"] = round(value, 3)
        figures[f"{name}.errors"] = sum(one.errors for one in windows)
    disturbed = sum(one.others > MOST_OTHERS for windows in rows.values() for one in windows)
    return figures | {"windows.count": sum(map(len, rows.values())), "windows_left_out.count": disturbed}


def ratios_of(figures: Figures) -> Figures:
    """Give DROAS on SQLite beside each of the others."""
    droas = figures["droas.sqlite.c100.calls_per_s"]
    rivals = ("floor.memory", "grpc", "fastapi", "zerorpc", "nats")
    ratios = {
        f"ratio.sqlite_c100_to_{name.replace('.', '_')}": round(
            droas / figures[f"{name}.c100.calls_per_s"], 3
        )
        for name in rivals
        if f"{name}.c100.calls_per_s" in figures
    }
    c1 = figures["droas.sqlite.c1.p50_us"] / figures["floor.logfile.c1.p50_us"]
    return ratios | {"ratio.sqlite_c1_p50_to_floor_logfile": round(c1, 3)}


if __name__ == "__main__":
    main()
