"""Groups, and their audit log."""

from droas_sandbox import permissions
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world.state import Json

_EMPTY_LISTS = (
    "application_commands", "auto_moderation_rules", "guild_scheduled_events", "integrations", "threads",
)  # fmt: skip


def _guild(call: Call) -> Answer:
    guild = call.guild()
    answer: Json = {**guild.data, "roles": list(guild.roles.values())}
    if call.query.get("with_counts", "").lower() in ("true", "1"):
        answer |= {
            "approximate_member_count": len(guild.members),
            "approximate_presence_count": len(guild.members),
        }
    return answer


def _webhooks(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_WEBHOOKS)
    return [hook for hook in call.world.webhooks.values() if hook["guild_id"] == guild.id]


def _threads(call: Call) -> Answer:
    found = call.world.open_threads(call.guild(), call.me)
    return {"threads": found, "members": [thread["member"] for thread in found], "has_more": False}


def _audit_log(call: Call) -> Answer:
    guild = call.guild_for(permissions.VIEW_AUDIT_LOG)
    limit = call.number("limit", 50, 1, 100)
    entries = [entry for entry in guild.audit if _matches(entry, call.query)]
    if "after" not in call.query:
        entries.reverse()
    entries = entries[:limit]
    named = {str(entry["user_id"]) for entry in entries} | {str(entry["target_id"]) for entry in entries}
    return {
        "audit_log_entries": entries,
        "users": [call.world.users[user_id] for user_id in sorted(named) if user_id in call.world.users],
        "webhooks": [],
        **{name: [] for name in _EMPTY_LISTS},
    }


def _matches(entry: Json, query: dict[str, str]) -> bool:
    wanted = all(
        str(entry[key]) == query[key] for key in ("user_id", "target_id", "action_type") if key in query
    )
    at = int(entry["id"])
    return wanted and int(query.get("after", 0)) < at < int(query.get("before", 1 << 64))


_G = "/guilds/{guild_id}"
ROUTES = [
    Route("GET", _G, _guild),
    Route("GET", _G + "/webhooks", _webhooks),
    Route("GET", _G + "/threads/active", _threads),
    Route("GET", _G + "/audit-logs", _audit_log),
]
