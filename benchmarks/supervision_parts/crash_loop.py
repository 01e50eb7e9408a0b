"""A bot that ends as soon as it has begun, for ten minutes of a simulated clock, by the real policy."""

import random

from droas_common.backoff import Backoff
from droas_mother.core.restarts import Exit, Restart, after_exit
from droas_mother.core.settings import SupervisionSettings

_LIVES_S = 0.5
"""From a start to the crash."""


def starts_in_ten_minutes() -> int:
    """Count the starts; chance is seeded, and shortens the waits by up to a half."""
    supervision = SupervisionSettings()
    backoff = Backoff(first_s=supervision.backoff_first_s, cap_s=supervision.backoff_cap_s)
    chance = random.Random(1)
    now_s, starts, crashes = 0.0, 0, 0
    while now_s < 600:
        starts += 1
        now_s += _LIVES_S
        decision = after_exit(
            Exit(code=1, lived_s=_LIVES_S),
            crashes=crashes,
            backoff=backoff,
            stable_after_s=supervision.stable_after_s,
            jitter=chance.random(),
        )
        if not isinstance(decision, Restart):
            break
        crashes = decision.crashes
        now_s += decision.after_s
    return starts
