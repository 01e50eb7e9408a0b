"""Who may do what in which group: the world's state, put to Discord's rules."""

from droas_sandbox import permissions
from droas_sandbox.clock import SandboxClock, parse_iso
from droas_sandbox.errors import DiscordError
from droas_sandbox.world.state import PRIVATE_THREAD, THREADS, Guild, Json


class Rights:
    """The part of the world that knows what somebody may do.

    Args:
        clock: what time it is, because time-outs end.
        thread_members: who is in which thread, because private ones are for them alone.
    """

    clock: SandboxClock
    thread_members: dict[str, dict[str, Json]]

    def permissions(self, guild: Guild | None, user_id: str, channel: Json | None = None) -> int:
        """Give what somebody may do in a group, or in one of its channels."""
        if guild is None:
            return permissions.ALL
        if user_id not in guild.members:
            return 0
        owner = guild.data["owner_id"] == user_id
        held = [role_id for role_id in guild.members[user_id]["roles"] if role_id in guild.roles]
        allowed = permissions.base(
            int(guild.roles[guild.id]["permissions"]),
            (int(guild.roles[role_id]["permissions"]) for role_id in held),
            owner=owner,
        )
        if channel is not None and self._is_shut_out(channel, user_id, allowed):
            return 0
        if channel is not None and allowed != permissions.ALL:
            place = (
                guild.channels.get(channel.get("parent_id") or "", channel)
                if channel["type"] in THREADS
                else channel
            )
            allowed = permissions.in_channel(
                allowed,
                place.get("permission_overwrites", ()),
                guild_id=guild.id,
                role_ids=held,
                user_id=user_id,
            )
        if allowed != permissions.ALL and self.timed_out(guild, user_id):
            allowed &= permissions.TIMED_OUT
        return allowed

    def _is_shut_out(self, channel: Json, user_id: str, allowed: int) -> bool:
        """Whether a channel is a private thread that somebody is not in, and may not manage either."""
        if channel["type"] != PRIVATE_THREAD or allowed & (
            permissions.MANAGE_THREADS | permissions.ADMINISTRATOR
        ):
            return False
        return user_id not in self.thread_members.get(channel["id"], {})

    def require(self, guild: Guild | None, user_id: str, bits: int, channel: Json | None = None) -> None:
        """Make sure that somebody may do something; raises 50001 or 50013."""
        if guild is not None and user_id not in guild.members:
            raise DiscordError(50001)
        allowed = self.permissions(guild, user_id, channel)
        if channel is not None and not allowed & permissions.VIEW_CHANNEL:
            raise DiscordError(50001)
        if allowed & bits != bits:
            raise DiscordError(50013)

    def require_above(self, guild: Guild, actor_id: str, target_id: str) -> None:
        """Make sure that the actor stands above the target; raises 50013."""
        if guild.data["owner_id"] == actor_id:
            return
        if guild.data["owner_id"] == target_id or self.top(guild, actor_id) <= self.top(guild, target_id):
            raise DiscordError(50013)

    def top(self, guild: Guild, user_id: str) -> int:
        """Give the position of somebody's highest role."""
        held = guild.members.get(user_id, {}).get("roles", [])
        return max(
            (guild.roles[role_id]["position"] for role_id in held if role_id in guild.roles), default=0
        )

    def timed_out(self, guild: Guild, user_id: str) -> bool:
        """Whether a member is silenced now."""
        until = guild.members[user_id]["communication_disabled_until"]
        return until is not None and (parse_iso(until) or 0) > self.clock.now()
