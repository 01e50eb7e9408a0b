"""How a change of the configuration reaches the bots: `rollout` of `droas.yaml`.

Each field's meaning, unit and default stand here and nowhere else.
"""

from pydantic import Field

from droas_common.settings import StrictModel


class RolloutSettings(StrictModel):
    """Whether a change is tried on some bots before all get it."""

    canary: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Bots that get a change first; 0: all get it at once. `droasctl config apply --canary` tries with one.",
    )
    observe_s: float = Field(
        default=60,
        ge=1,
        le=86_400,
        description="Seconds for which they are watched before the others follow.",
    )
