"""Named policies: what a file of `protection/` may say.

Each field's meaning, unit and default stand here and nowhere else.
"""

from dataclasses import replace

from pydantic import Field

from droas_common.settings import ProtectionLevel, StrictModel
from droas_mother.core.protection.policy import POLICIES, Policy


class PolicySettings(StrictModel):
    """Thresholds of the groups that refer to this policy; what is not said is as in `based_on`."""

    based_on: ProtectionLevel = Field(
        default=ProtectionLevel.MEDIUM, description="Level that gives every threshold that is not set here."
    )
    flood_messages: int | None = Field(
        default=None,
        ge=2,
        le=100,
        description="Messages of one member within `flood_window_s` that are a flood.",
    )
    flood_window_s: float | None = Field(
        default=None, ge=1, le=60, description="Seconds within which messages are counted."
    )
    duplicate_messages: int | None = Field(
        default=None, ge=2, le=100, description="Equal messages of one member within a minute that are spam."
    )
    mentions: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Different members and roles mentioned in one message that are spam.",
    )
    invites_allowed: bool | None = Field(
        default=None, description="Whether invitations to other groups may be posted."
    )
    time_out_s: float | None = Field(
        default=None,
        ge=0,
        le=2_419_200,
        description="Seconds for which a member is silenced for a flood or a spam of mentions; 0: only deleted.",
    )
    invite_time_out_s: float | None = Field(
        default=None, ge=0, le=2_419_200, description="The same for an invitation."
    )
    keyword_time_out_s: float | None = Field(
        default=None, ge=0, le=2_419_200, description="The same for a forbidden word."
    )

    def policy(self) -> Policy:
        """Give the thresholds that hold."""
        said = self.model_dump(exclude={"based_on"}, exclude_none=True)
        return replace(POLICIES[self.based_on], **said)


class PolicyFile(StrictModel):
    """A policy's file: one key, under which everything stands."""

    policy: PolicySettings
