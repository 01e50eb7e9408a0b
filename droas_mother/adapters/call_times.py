"""How long tool calls took, by caller: Prometheus's histogram, counted by the one thread that answers calls.

The library's own histogram takes two locks and looks through all bounds for each observation, which is more than a
call's checks of rights and rates together.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
_LABELS = [*map(str, BOUNDS_S), "+Inf"]


class CallTimes(Collector):
    """Counts; scraped by any thread while another counts.

    Args:
        registry: where it is scraped.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}
        registry.register(self)

    def note(self, caller: str, seconds: float) -> None:
        """Count a call."""
        counts = self._counts.get(caller)
        if counts is None:
            self._sums[caller] = 0.0  # before the counts, by which a scrape finds it
            counts = self._counts[caller] = [0] * len(_LABELS)
        counts[bisect_left(BOUNDS_S, seconds)] += 1
        self._sums[caller] += seconds

    def forget(self, caller: str) -> None:
        """Tell nothing of a caller any longer."""
        self._counts.pop(caller, None)
        self._sums.pop(caller, None)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Give what was counted."""
        words = "From reading a call to its answer."
        family = HistogramMetricFamily("droas_tool_call_seconds", words, labels=["caller"])
        for caller, counts in list(self._counts.items()):
            buckets = [*zip(_LABELS, accumulate(counts), strict=True)]
            family.add_metric([caller], buckets, self._sums.get(caller, 0.0))
        yield family
