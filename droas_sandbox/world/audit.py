"""A group's audit log.

Source: Discord API reference, Audit Log.
"""

from droas_sandbox.world.state import Event, Guild, Json
from droas_sandbox.world.world import World


def write_audit(
    world: World,
    guild: Guild,
    action: int,
    actor_id: str,
    target_id: str | None,
    *,
    reason: str | None = None,
    changes: list[Json] | None = None,
    options: Json | None = None,
) -> None:
    """Put an entry into a group's audit log, and tell those who may see it.

    Args:
        world: where it happens.
        guild: the group.
        action: Discord's number of what was done.
        actor_id: who did it.
        target_id: to whom or to what.
        reason: why, in the actor's words.
        changes: `key`, `old_value`, `new_value` of what is different now.
        options: more facts; their values are strings.
    """
    entry: Json = {
        "id": world.snowflakes.new(),
        "action_type": action,
        "user_id": actor_id,
        "target_id": target_id,
    }
    if changes:
        entry["changes"] = changes
    if options:
        entry["options"] = options
    if reason:
        entry["reason"] = reason
    guild.audit.append(entry)
    data = {**entry, "guild_id": guild.id}
    world.emit(Event(name="GUILD_AUDIT_LOG_ENTRY_CREATE", data=data, guild_id=guild.id))
