"""What all benchmarks share: options, the machine's description, medians, and the result file."""

import argparse
import json
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

Figures = dict[str, float]


def parser(about: str) -> argparse.ArgumentParser:
    """Give a parser with the options that every benchmark takes."""
    made = argparse.ArgumentParser(description=about)
    made.add_argument("--quick", action="store_true", help="fewer rounds, under a minute")
    made.add_argument("--json", metavar="OUT", help="write the figures and the machine's description here")
    return made


def machine() -> dict[str, str | int | float]:
    """Describe the machine in a few words; nothing that names it."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "cpu": model,
        "cores": os.cpu_count() or 0,
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_1m": round(os.getloadavg()[0], 2),
    }


def spread(name: str, unit: str, values: Sequence[float]) -> Figures:
    """Give minimum, median and maximum of a row of values under their metric names."""
    return {
        f"{name}.min_{unit}": round(min(values), 4),
        f"{name}.median_{unit}": round(statistics.median(values), 4),
        f"{name}.max_{unit}": round(max(values), 4),
    }


def report(figures: Figures, out: str | None) -> None:
    """Print the figures, and write them with the machine's description when asked to."""
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:g}")
    if out:
        Path(out).write_text(json.dumps({**figures, "machine": machine()}, indent=2) + "\n")
