"""The event bus with a subscriber that reads nothing: nobody ends with old settings, and memory stays bounded."""

from benchmarks.config_parts.burst import burst

PROMPT = "a" * 18_000
UNBOUNDED_MIB = 15
"""What a second's updates would take if all of them waited for the one that is stopped."""


async def test_a_stopped_subscriber_costs_little_and_converges() -> None:
    """A thousand updates a second, one process stopped to the end: all have the last, the publisher has not grown."""
    outcome = await burst(1.0, subscribers=3, prompt=PROMPT)
    assert outcome.lost == 0
    assert outcome.updates > 300
    assert outcome.growth_mib < UNBOUNDED_MIB * 2 / 3
