"""What Prometheus can scrape. Labels are names of the configuration, never ids of users."""

from collections.abc import Collection, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from droas_common.wire.heartbeats import Heartbeat
from droas_mother.adapters.call_times import CallTimes
from droas_mother.core.supervision.bot import Bot
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.usage import Usage

_APPLY_S = (0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0, 2.5, 10.0)
_ACTION_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The mother's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._restarts: dict[str, int] = {}
        self.bot_state = self._gauge("bot_state", "1 for the state that a bot is in.", "bot", "state")
        self.bot_pss = self._gauge("bot_pss_bytes", "Memory of a bot's process.", "bot")
        self.bot_cpu = self._gauge("bot_cpu_percent", "CPU of a bot's process, of one core.", "bot")
        self.bot_lag = self._gauge("bot_loop_lag_seconds", "Lag of a bot's event loop.", "bot")
        self.bot_latency = self._gauge(
            "bot_gateway_latency_seconds", "Round trip to Discord's gateway.", "bot"
        )
        self.answered = self._gauge("bot_answered", "Messages answered in this life of a bot.", "bot")
        self.failed_commits = self._gauge("failed_commits", "Groups that could not be committed.")
        self.refused_frames = self._gauge(
            "refused_frames", "Frames dropped by rule; keys: handshakes.", "socket"
        )
        self.inspected = self._counter("messages_inspected", "Messages that the rules looked at.")
        self.loop_lag = self._gauge("mother_loop_lag_seconds", "Lag of the mother's event loop.")
        self.bot_restarts = self._counter(
            "bot_restarts", "Processes of a bot that replaced another one.", "bot"
        )
        self.actions = self._counter("protective_actions", "Protective actions.", "rule", "outcome")
        self.calls = CallTimes(self.registry)
        self.config_revision = self._gauge("config_revision", "The configuration in force.")
        self.config_valid = self._gauge("config_valid", "1 when the files on the disk can be used.")
        self.config_changes = self._counter(
            "config_changes", "Changes of the configuration: applied, refused, tried, taken_back.", "kind"
        )
        self.config_seconds = self._histogram(
            "config_apply_seconds", "From a change on the disk to the last bot's confirmation.", _APPLY_S
        )
        self.action_seconds = self._histogram(
            "protective_action_seconds", "From a message to the end of the action against it.", _ACTION_S
        )

    def note_config(self, revision: int, *, valid: bool, kind: str = "") -> None:
        """Take over how the configuration stands, and what has happened to it."""
        self.config_revision.set(revision)
        self.config_valid.set(int(valid))
        if kind:
            self.config_changes.labels(kind).inc()

    def note_config_applied(self, seconds: float) -> None:
        """Take over how long a change took to the last bot's confirmation."""
        self.config_seconds.observe(seconds)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"droas_{name}", words, labels, registry=self.registry)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"droas_{name}", words, labels, registry=self.registry)

    def _histogram(self, name: str, words: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"droas_{name}", words, labels, buckets=buckets, registry=self.registry)

    def note_bot(self, bot: Bot) -> None:
        """Take over a bot's new state."""
        for one in State:
            self.bot_state.labels(bot.name, one.value).set(int(one is bot.state))
        restarts = self.bot_restarts.labels(bot.name)
        restarts.inc(bot.restarts - self._restarts.get(bot.name, 0))
        self._restarts[bot.name] = bot.restarts

    def keep_bots(self, names: Collection[str]) -> None:
        """Forget all bots but these: a bot that was removed has no state and no memory."""
        for name in self._restarts.keys() - set(names):
            del self._restarts[name]
            for one in State:
                self.bot_state.remove(name, one.value)
            for metric in (
                self.bot_pss,
                self.bot_cpu,
                self.bot_lag,
                self.bot_latency,
                self.answered,
                self.bot_restarts,
            ):
                metric.remove(name)
            self.calls.forget(f"bot:{name}")

    def note_action(self, rule: str, outcome: str, seconds: float) -> None:
        """Count a protective action."""
        self.actions.labels(rule, outcome).inc()
        self.action_seconds.observe(seconds)

    def note_inspected(self) -> None:
        """Count a message that the rules looked at."""
        self.inspected.inc()

    def sample_mother(self, *, lag_s: float, failed_commits: int, refused: Mapping[str, int]) -> None:
        """Take over the mother's own figures."""
        self.loop_lag.set(lag_s)
        self.failed_commits.set(failed_commits)
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
