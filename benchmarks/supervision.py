"""DROAS beside Circus, supervisord and bare multiprocessing: ten bots each, killed, hung, asked, orphaned.

The rivals are installed from the package index into the cache folder. They keep a program with a real bot's
libraries; DROAS keeps real bots on a sandbox. Contestants take turns in every round, so that a drift of the
machine's speed meets all of them; windows in which others took the processor are measured again, and counted.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from harness import Figures, parser, report
from stage import Stage
from supervision_parts import rounds
from supervision_parts.circus import Circus
from supervision_parts.contestant import BOTS, Contestant
from supervision_parts.crash_loop import starts_in_ten_minutes
from supervision_parts.droas import Droas
from supervision_parts.floor import Floor
from supervision_parts.supervisord import Supervisord
from supervision_parts.witness import Witness

Rows = dict[str, list[float]]
_DEATHS_AGAIN = 4


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "").parse_args()
    rows: Rows = defaultdict(list)
    left_out = 0
    with contestants(quick=options.quick) as field:
        for last in (True,) if options.quick else (False, False, True):
            measure_start(field, rows, stay=last)
        with Witness() as witness:
            left_out = measure_kills(field, rows, witness, times=2 if options.quick else 20)
        measure_status(field, rows, times=50 if options.quick else 400)
        measure_hang(field, rows, quick=options.quick)
        with Witness() as witness:
            left_out += measure_death(field, rows, witness)
    measure_adoption(rows, times=1 if options.quick else 5)
    report(figures_of(rows) | {"windows_left_out.count": left_out}, options.json)


@contextmanager
def contestants(*, quick: bool) -> Iterator[list[Contestant]]:
    """Give all contestants, and leave nothing of them behind."""
    makers = [Droas, Circus, Supervisord, Floor]
    with ExitStack() as stack:
        field: list[Contestant] = []
        for maker in makers:
            field.append(maker())
            stack.callback(field[-1].close)
        if not quick:
            field.append(Circus("circus_quick", check_delay_s=0.1))
            stack.callback(field[-1].close)
        yield field


def measure_start(field: list[Contestant], rows: Rows, *, stay: bool) -> None:
    """Start each from nothing, one after another; those that stay run idle beside the next."""
    for contestant in field:
        seconds, mib = rounds.up(contestant)
        if not stay:
            contestant.end()
        rows[f"{contestant.name}.ten_ready.s"].append(seconds)
        rows[f"{contestant.name}.pss_total.mib"].append(mib)


def measure_kills(field: list[Contestant], rows: Rows, witness: Witness, *, times: int) -> int:
    """Kill bots in turn; gives how many windows were disturbed and measured again."""
    left_out, counted = 0, 0
    while counted < times and left_out < 2 * times:
        row: dict[str, float] = {}
        disturbed = False
        time.sleep(rounds.SETTLE_S)
        for contestant in field:
            if len(rows[f"{contestant.name}.kill_to_first_line.ms"]) >= _kills_of(contestant, times):
                continue
            bot = (counted + left_out) % BOTS
            first_ms, ready_ms, late = rounds.kill_one(contestant, bot, witness)
            disturbed |= late and isinstance(
                contestant, Droas | Floor
            )  # a rival's window holds its own imports
            row[f"{contestant.name}.kill_to_first_line.ms"] = first_ms
            if ready_ms is not None:
                row[f"{contestant.name}.kill_to_ready.ms"] = ready_ms
        if disturbed:
            left_out += 1
            continue
        counted += 1
        for name, value in row.items():
            rows[name].append(value)
    return left_out


def _kills_of(contestant: Contestant, times: int) -> int:
    """Circus looks at its children every five seconds; a dozen kills show that."""
    return min(times, 12) if contestant.name == "circus" else times


def measure_status(field: list[Contestant], rows: Rows, *, times: int) -> None:
    """Ask for the state of all ten bots, over an open connection and by command."""
    for _ in range(10):
        for contestant in field:
            rows[f"{contestant.name}.status_api.ms"] += rounds.ask_often(contestant, times // 10)
            rows[f"{contestant.name}.status_process.ms"] += rounds.ask_by_command(
                contestant, max(1, times // 200)
            )


def measure_hang(field: list[Contestant], rows: Rows, *, quick: bool) -> None:
    """Stop a bot; the rivals are given fifteen seconds once, and are known not to look."""
    for contestant in field:
        if not contestant.restarts_hung and quick:
            continue
        for bot in range(3 if contestant.restarts_hung and not quick else 1):
            seconds = rounds.hang(contestant, bot, timeout_s=15.0)
            if seconds is not None:
                rows[f"{contestant.name}.hang_replaced.s"].append(seconds)


def measure_death(field: list[Contestant], rows: Rows, witness: Witness) -> int:
    """Kill each supervisor, and start it again; gives how many windows were disturbed and measured again."""
    left_out = 0
    for contestant in field:
        if contestant.name == "circus_quick":
            continue
        orphans, doubled, disturbed = rounds.kill_supervisor(contestant, witness)
        while disturbed and orphans < BOTS and left_out < _DEATHS_AGAIN:
            left_out += 1  # processes that are on their way out need a processor to get there
            orphans, doubled, disturbed = rounds.kill_supervisor(contestant, witness)
        rows[f"{contestant.name}.mother_killed.orphans"].append(orphans)
        rows[f"{contestant.name}.mother_killed.doubled"].append(doubled)
    return left_out


def measure_adoption(rows: Rows, *, times: int) -> None:
    """Kill a mother whose bots go on, and start another, until she has taken over all of them."""
    with Stage(BOTS, more="supervision: {live_restore: true, orphan_lease_s: 60}\n") as stage:
        stage.start_mother()
        stage.wait_ready()
        for _ in range(times):
            rows["droas.mother_killed.adopted.s"].append(rounds.take_over(stage))
            time.sleep(rounds.SETTLE_S)


def figures_of(rows: Rows) -> Figures:
    """Give every row's figures under its metric names."""
    figures: Figures = {"droas.crash_loop.starts_10min": starts_in_ten_minutes()}
    for name, values in rows.items():
        if not values:
            continue
        stem, _, unit = name.rpartition(".")
        kind = stem.rpartition(".")[2]
        match kind:
            case "kill_to_first_line" | "kill_to_ready" | "status_api":
                for percent in (50, 99):
                    figures[f"{stem}.p{percent}_{unit}"] = round(rounds.percentile(values, percent), 3)
            case "ten_ready" | "status_process":
                figures[f"{stem}.median_{unit}"] = round(rounds.percentile(values, 50), 3)
            case "hang_replaced":
                figures[f"{stem}.max_{unit}"] = round(max(values), 3)
            case "pss_total":
                figures[name] = round(rounds.percentile(values, 50), 1)
            case _:
                figures[name] = max(values)
    return dict(sorted(figures.items()))


if __name__ == "__main__":
    main()
