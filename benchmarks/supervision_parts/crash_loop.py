"""How often a bot that ends at once is started in ten minutes, by the policy itself and a simulated clock."""

import random

from droas_mother.core.supervision.keeping import rules_of
from droas_mother.core.supervision.restarts import CrashRow, Exit, GiveUp, after_exit
from droas_mother.core.supervision.supervision_settings import SupervisionSettings

WINDOW_S = 600.0
LIFE_S = 0.5
"""How long each process lives: an import, and an error."""


def starts_in_ten_minutes(settings: SupervisionSettings | None = None) -> int:
    """Count the starts of one bot whose process ends with an error half a second after each start."""
    rules = rules_of(settings or SupervisionSettings()).restarts
    dice = random.Random(1)
    now, starts, row = 0.0, 0, CrashRow()
    while now < WINDOW_S:
        starts += 1
        row = row.started(now, rules)
        now += LIFE_S
        decision = after_exit(Exit(code=1, lived_s=LIFE_S), row, rules, now=now, jitter=dice.random())
        if isinstance(decision, GiveUp):
            break
        now, row = decision.at, decision.row
    return starts
