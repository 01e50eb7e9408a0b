"""Discord's own auto moderation: rules that stop a person's message before it exists.

Source: Discord API reference, Auto Moderation. Presets and spam detection are Discord's secrets: such rules
can be kept here, but strike nobody.
"""

import re
from dataclasses import dataclass

from droas_sandbox import permissions
from droas_sandbox.clock import iso
from droas_sandbox.errors import DiscordError
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.moderation import tell_member
from droas_sandbox.world.state import Event, Guild, Json
from droas_sandbox.world.world import World

KEYWORD, MENTION_SPAM = 1, 5
BLOCK, ALERT, TIME_OUT = 1, 2, 3
_AUDIT = {BLOCK: 143, ALERT: 144, TIME_OUT: 145}
_MENTION = re.compile(r"<@[!&]?\d{1,20}>")


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule found.

    Args:
        keyword: the entry of the rule that matched; None for mentions.
        content: the part of the message that it matched.
    """

    keyword: str | None
    content: str | None


def find(rule: Json, content: str) -> Hit | None:
    """Give what a rule finds in a text; None when it has nothing against it. Pure."""
    told = rule["trigger_metadata"]
    if rule["trigger_type"] == MENTION_SPAM:
        count = len(set(_MENTION.findall(content)))
        return Hit(None, None) if count > int(told.get("mention_total_limit") or 0) else None
    if rule["trigger_type"] != KEYWORD:
        return None
    allowed = [pattern_of(entry) for entry in told.get("allow_list") or ()]
    patterns = [(entry, pattern_of(entry)) for entry in told.get("keyword_filter") or ()]
    patterns += [(entry, entry) for entry in told.get("regex_patterns") or ()]
    for entry, pattern in patterns:
        for match in re.finditer(pattern, content, re.IGNORECASE):
            if not any(re.search(one, match.group(), re.IGNORECASE) for one in allowed):
                return Hit(entry, match.group())
    return None


def pattern_of(keyword: str) -> str:
    """Give the regular expression of a keyword: `cat*` begins, `*cat` ends, `*cat*` is anywhere."""
    word = re.escape(keyword.strip("*").strip())
    before = r"\S*" if keyword.startswith("*") else r"(?<!\S)"
    after = r"\S*" if keyword.endswith("*") else r"(?!\S)"
    return f"{before}{word}{after}"


def enforce(world: World, guild: Guild, channel_id: str, author_id: str, content: str) -> None:
    """Let the group's rules judge what a person wants to say; raises 200000 when one blocks it."""
    if author_id in world.bots or world.permissions(guild, author_id) & permissions.MANAGE_GUILD:
        return
    roles = guild.members.get(author_id, {"roles": []})["roles"]
    blocked = False
    for rule in list(guild.automod.values()):
        exempt = channel_id in rule["exempt_channels"] or set(roles) & set(rule["exempt_roles"])
        if not rule["enabled"] or rule["event_type"] != 1 or exempt:
            continue
        hit = find(rule, content)
        if hit is not None:
            for action in rule["actions"]:
                _act(world, guild, rule, action, channel_id, author_id, content, hit)
                blocked = blocked or action["type"] == BLOCK
    if blocked:
        raise DiscordError(200000)


def _act(
    world: World,
    guild: Guild,
    rule: Json,
    action: Json,
    channel_id: str,
    author_id: str,
    content: str,
    hit: Hit,
) -> None:
    """Do one action of a rule, and tell of it."""
    kind, metadata = action["type"], action.get("metadata") or {}
    if kind == TIME_OUT and author_id in guild.members:
        until = iso(world.clock.now() + int(metadata.get("duration_seconds") or 60))
        guild.members[author_id]["communication_disabled_until"] = until
        tell_member(world, guild, author_id)
    data: Json = {
        "guild_id": guild.id,
        "action": {"type": kind, "metadata": metadata},
        "rule_id": rule["id"],
        "rule_trigger_type": rule["trigger_type"],
        "user_id": author_id,
        "channel_id": channel_id,
        "content": content,
        "matched_keyword": hit.keyword,
        "matched_content": hit.content,
    }
    world.emit(Event(name="AUTO_MODERATION_ACTION_EXECUTION", data=data, guild_id=guild.id))
    options = {
        "auto_moderation_rule_name": rule["name"],
        "auto_moderation_rule_trigger_type": str(rule["trigger_type"]),
        "channel_id": channel_id,
    }
    actor_id = rule["creator_id"]
    write_audit(world, guild, _AUDIT.get(kind, 146), actor_id, author_id, options=options)
