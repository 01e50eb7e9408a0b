"""What Prometheus can scrape. Labels are names of the configuration, never ids of users."""

from collections.abc import Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from droas_common.wire.heartbeats import Heartbeat

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Usage(Protocol):
    """What one process uses."""

    @property
    def pss_bytes(self) -> int:
        """Its share of memory."""
        ...

    @property
    def cpu_percent(self) -> float:
        """Of one core, since the last look."""
        ...


class Metrics:
    """The mother's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.bot_state = Gauge(
            "droas_bot_state", "1 for the state that a bot is in.", ["bot", "state"], registry=self.registry
        )
        self.bot_restarts = Counter(
            "droas_bot_restarts", "Restarts after a crash.", ["bot"], registry=self.registry
        )
        self.bot_pss = Gauge(
            "droas_bot_pss_bytes", "Memory of a bot's process.", ["bot"], registry=self.registry
        )
        self.bot_cpu = Gauge(
            "droas_bot_cpu_percent", "CPU of a bot's process, of one core.", ["bot"], registry=self.registry
        )
        self.bot_lag = Gauge(
            "droas_bot_loop_lag_seconds", "Lag of a bot's event loop.", ["bot"], registry=self.registry
        )
        self.bot_latency = Gauge(
            "droas_bot_gateway_latency_seconds",
            "Round trip to Discord's gateway.",
            ["bot"],
            registry=self.registry,
        )
        self.answered = Gauge(
            "droas_bot_answered", "Messages answered in this life of a bot.", ["bot"], registry=self.registry
        )
        self.calls = Histogram(
            "droas_tool_call_seconds",
            "From the reading of a call to its answer.",
            ["caller"],
            registry=self.registry,
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
        )
        self.failed_commits = Gauge(
            "droas_failed_commits", "Groups that could not be committed.", registry=self.registry
        )
        self.refused_frames = Gauge(
            "droas_refused_frames", "Frames dropped by rule.", ["socket"], registry=self.registry
        )
        self.inspected = Gauge(
            "droas_messages_inspected", "Messages that the rules looked at.", registry=self.registry
        )
        self.actions = Counter(
            "droas_protective_actions", "Protective actions.", ["rule", "outcome"], registry=self.registry
        )
        self.action_seconds = Histogram(
            "droas_protective_action_seconds",
            "From a message to the end of the action against it.",
            registry=self.registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        self.loop_lag = Gauge(
            "droas_mother_loop_lag_seconds", "Lag of the mother's event loop.", registry=self.registry
        )

    def sample_mother(
        self, *, lag_s: float, failed_commits: int, inspected: int, refused: Mapping[str, int]
    ) -> None:
        """Take over the mother's own figures."""
        self.loop_lag.set(lag_s)
        self.failed_commits.set(failed_commits)
        self.inspected.set(inspected)
        for name, count in refused.items():
            self.refused_frames.labels(name).set(count)

    def sample_bot(self, bot: str, usage: Usage | None, beat: Heartbeat | None) -> None:
        """Take over one bot's figures."""
        if usage is not None:
            self.bot_pss.labels(bot).set(usage.pss_bytes)
            self.bot_cpu.labels(bot).set(usage.cpu_percent)
        if beat is not None:
            self.bot_lag.labels(bot).set(beat.loop_lag_ms / 1000)
            self.answered.labels(bot).set(beat.answered)
            if beat.gateway_latency_ms is not None:
                self.bot_latency.labels(bot).set(beat.gateway_latency_ms / 1000)

    def text(self) -> bytes:
        """Give all metrics in Prometheus's text format."""
        return generate_latest(self.registry)
