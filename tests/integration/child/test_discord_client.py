"""The client tells how it is: a figure that it cannot know is none."""

import time
from types import SimpleNamespace

import nextcord

from droas_common.connection_limits import IdentifyMeter
from droas_common.discord_client import DiscordClient, why_fatal
from droas_common.settings import DiscordSettings


def client_with(*, first_after_s: float, latency_s: float) -> DiscordClient:
    """Give a client on a connection whose first heartbeat was sent just now."""
    meter = IdentifyMeter(
        lambda _sent: 5, lambda: None, on_limit=lambda _limit: None, first_after_s=first_after_s
    )
    client = DiscordClient(settings=DiscordSettings(), intents=nextcord.Intents.none(), meter=meter)
    beats = SimpleNamespace(
        interval=41.25, latency=latency_s, _last_send=time.perf_counter(), _last_ack=time.perf_counter()
    )
    client.ws = SimpleNamespace(_keep_alive=beats)
    return client


async def test_a_waiting_identify_is_not_taken_for_a_slow_discord() -> None:
    """While an IDENTIFY waits for its turn nobody reads what Discord acknowledged at once."""
    prompt = client_with(first_after_s=0.0, latency_s=0.004)
    await prompt.before_identify_hook(None, initial=True)
    assert prompt.latency_ms == 4.0
    waited = client_with(first_after_s=0.06, latency_s=4.6)
    await waited.before_identify_hook(None, initial=True)
    assert waited.latency_ms is None
    waited.ws._keep_alive._last_send = time.perf_counter()
    waited.ws._keep_alive.latency = 0.005
    assert waited.latency_ms == 5.0


async def test_without_a_connection_nothing_is_known() -> None:
    """Neither a latency nor an acknowledgement."""
    client = client_with(first_after_s=0.0, latency_s=float("inf"))
    assert client.latency_ms is None
    client.ws = None
    assert (client.latency_ms, client.ack_age_s) == (None, None)


def test_a_cause_that_stays_is_told_from_one_that_passes() -> None:
    """Only what a new configuration must cure is fatal."""
    assert "refuses the token" in str(why_fatal(nextcord.LoginFailure("401")))
    assert why_fatal(OSError("no route")) is None
