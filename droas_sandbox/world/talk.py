"""Messages: said, edited, deleted, reacted to.

Source: Discord API reference, Message.
"""

from collections.abc import Sequence

from droas_sandbox import permissions
from droas_sandbox.clock import iso, moment_of
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.world import objects
from droas_sandbox.world.mentions import resolve
from droas_sandbox.world.moderation import write_audit
from droas_sandbox.world.state import Event, Guild, Json, Message
from droas_sandbox.world.world import World

MAX_CONTENT = 2000
NONCE_S = 300.0
"""For so long a nonce gives back the message that it made."""

BULK_AGE_S = 14 * 86_400.0
EVERYTHING = frozenset({"users", "roles", "everyone"})
USERS_ONLY = frozenset({"users"})
_THREADS = (10, 11, 12)


def say(
    world: World, channel_id: str, author: Json, given: Json, *, defaults: frozenset[str] = EVERYTHING
) -> Message:
    """Put a message into a channel; permissions are the caller's matter."""
    guild, channel = world.channel(channel_id)
    existing = _same_nonce(world, channel_id, author["id"], given)
    if existing is not None:
        return existing
    content = checked_content(given)
    if not content and not any(
        given.get(key) for key in ("embeds", "sticker_ids", "components", "attachments", "poll")
    ):
        raise DiscordError(50006)
    now = world.clock.now()
    made = objects.message(world.snowflakes.new(), channel_id, author, content, iso(now))
    made["embeds"] = list(given.get("embeds") or ())
    made["components"] = list(given.get("components") or ())
    made["flags"] = int(given.get("flags") or 0)
    if given.get("tts"):
        made["tts"] = True
    replied_to = _refer(world, channel_id, made, given)
    _mention(world, guild, channel, made, given, replied_to=replied_to, defaults=defaults)
    message = Message(made, guild.id if guild else None)
    if given.get("nonce") is not None:
        made["nonce"] = given["nonce"]
        message.nonce = str(given["nonce"])
        world.seen_nonces.append((now, author["id"], message.nonce, f"{channel_id}/{made['id']}"))
    _keep(world, channel_id, message)
    channel["last_message_id"] = made["id"]
    if channel["type"] in _THREADS:
        channel["message_count"] += 1
        channel["total_message_sent"] += 1
    world.emit(_event(world, "MESSAGE_CREATE", message))
    return message


def speak(
    world: World, channel_id: str, author_id: str, content: str, *, reply_to: str | None, force: bool
) -> Message:
    """Let a person say something, with a person's permissions unless forced."""
    guild, channel = world.channel(channel_id)
    author = world.user(author_id)
    if not force and guild is not None:
        world.require(guild, author_id, permissions.SEND_MESSAGES, channel)
    given: Json = {"content": content}
    if reply_to is not None:
        given["message_reference"] = {"message_id": reply_to}
    return say(world, channel_id, author, given)


def edit(world: World, message: Message, editor_id: str, given: Json) -> Message:
    """Change a message."""
    if message.data["author"]["id"] != editor_id and {"content", "embeds", "components"} & given.keys():
        raise DiscordError(50005)
    guild, channel = world.channel(message.data["channel_id"])
    if "content" in given:
        message.data["content"] = checked_content(given)
    for key in ("embeds", "components", "flags"):
        if given.get(key) is not None:
            message.data[key] = given[key]
    if not message.data["content"] and not message.data["embeds"] and not message.data["components"]:
        raise DiscordError(50006)
    replied = (message.data.get("referenced_message") or {}).get("author", {}).get("id")
    _mention(world, guild, channel, message.data, given, replied_to=replied, defaults=EVERYTHING)
    message.data["edited_timestamp"] = world.clock.timestamp()
    message.edits += 1
    world.emit(_event(world, "MESSAGE_UPDATE", message))
    return message


def delete(world: World, message: Message, actor_id: str | None, reason: str | None = None) -> None:
    """Delete one message; somebody else's leaves an entry in the audit log."""
    message.deleted, message.deleted_by = True, actor_id
    data = {"id": message.data["id"], "channel_id": message.data["channel_id"]}
    guild = world.guilds.get(message.guild_id or "")
    if guild is not None:
        data["guild_id"] = guild.id
    author_id = message.data["author"]["id"]
    world.emit(_placed(world, "MESSAGE_DELETE", data, message))
    if guild is not None and actor_id is not None and actor_id != author_id:
        options = {"channel_id": message.data["channel_id"], "count": "1"}
        write_audit(world, guild, 72, actor_id, author_id, reason=reason, options=options)


def delete_bulk(
    world: World, guild: Guild, channel_id: str, ids: Sequence[str], actor_id: str, reason: str | None
) -> None:
    """Delete 2 to 100 messages at once; one that is too old spoils the whole call."""
    if not 2 <= len(ids) <= 100:
        raise DiscordError(50016)
    if len(set(ids)) != len(ids):
        raise invalid("messages", "BASE_TYPE_DUPLICATE", "Values must be unique.")
    if any(world.clock.now() - moment_of(message_id) > BULK_AGE_S for message_id in ids):
        raise DiscordError(50034)
    gone = [
        message_id
        for message_id in ids
        if (kept := world.messages.get(channel_id, {}).get(message_id)) is not None and not kept.deleted
    ]
    for message_id in gone:
        kept = world.messages[channel_id][message_id]
        kept.deleted, kept.deleted_by = True, actor_id
    if gone:
        data = {"ids": gone, "channel_id": channel_id, "guild_id": guild.id}
        world.emit(Event(name="MESSAGE_DELETE_BULK", data=data, guild_id=guild.id, channel_id=channel_id))
        write_audit(world, guild, 73, actor_id, channel_id, reason=reason, options={"count": str(len(gone))})


def find(world: World, channel_id: str, message_id: str) -> Message:
    """Give a message that is still there; raises 10008."""
    message = world.messages.get(channel_id, {}).get(message_id)
    if message is None or message.deleted:
        raise DiscordError(10008)
    return message


def history(world: World, channel_id: str, query: Json) -> list[Message]:
    """Give messages newest first, as `around`, `before`, `after` and `limit` say."""
    limit = int(query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    alive = [message for message in world.messages.get(channel_id, {}).values() if not message.deleted]
    if "before" in query:
        alive = [message for message in alive if int(message.data["id"]) < int(query["before"])]
    if "after" in query:
        later = [message for message in alive if int(message.data["id"]) > int(query["after"])]
        return later[:limit][::-1]
    if "around" in query:
        at = int(query["around"])
        alive = sorted(alive, key=lambda message: abs(int(message.data["id"]) - at))[:limit]
        alive.sort(key=lambda message: int(message.data["id"]))
    return alive[-limit:][::-1]


def react(world: World, message: Message, user_id: str, emoji: str, *, add: bool) -> None:
    """Add or take away a reaction; both are idempotent."""
    holders = message.reactions.setdefault(emoji, [])
    if add == (user_id in holders):
        return
    if add:
        if len(message.reactions) > 20:
            del message.reactions[emoji]
            raise DiscordError(30010)
        holders.append(user_id)
    else:
        holders.remove(user_id)
    if not holders:
        del message.reactions[emoji]
    data: Json = {
        "user_id": user_id,
        "channel_id": message.data["channel_id"],
        "message_id": message.data["id"],
        "emoji": emoji_of(emoji),
        "burst": False,
        "type": 0,
    }
    guild = world.guilds.get(message.guild_id or "")
    if guild is not None:
        data["guild_id"] = guild.id
        if add:
            data |= {
                "member": world.member(guild, user_id),
                "message_author_id": message.data["author"]["id"],
            }
    world.emit(_placed(world, "MESSAGE_REACTION_ADD" if add else "MESSAGE_REACTION_REMOVE", data, message))


def typing(world: World, channel_id: str, user_id: str) -> None:
    """Tell that somebody types."""
    guild, _ = world.channel(channel_id)
    data: Json = {"channel_id": channel_id, "user_id": user_id, "timestamp": int(world.clock.now())}
    if guild is not None:
        data |= {"guild_id": guild.id, "member": world.member(guild, user_id)}
    only = None if guild is not None else _dm_party(world, channel_id)
    world.emit(
        Event(
            name="TYPING_START",
            data=data,
            guild_id=guild.id if guild else None,
            channel_id=channel_id,
            only=only,
        )
    )


def emoji_of(text: str) -> Json:
    """Give an emoji object from a unicode emoji or `name:id`."""
    name, _, emoji_id = text.partition(":")
    return {"id": emoji_id or None, "name": name}


def shown(message: Message) -> Json:
    """Give a message as REST answers it."""
    made = dict(message.data)
    if message.reactions:
        made["reactions"] = [
            {
                "emoji": emoji_of(emoji),
                "count": len(holders),
                "count_details": {"burst": 0, "normal": len(holders)},
                "burst_colors": [],
                "me_burst": False,
                "me": False,
                "burst_count": 0,
            }
            for emoji, holders in message.reactions.items()
        ]
    return made


def checked_content(given: Json) -> str:
    """Give the text of a message, trimmed as Discord does; raises 50035 when it is too long."""
    content = given.get("content")
    if content is None:
        return ""
    if not isinstance(content, str):
        content = str(content)
    if len(content) > MAX_CONTENT:
        raise invalid("content", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_CONTENT} or fewer in length.")
    return content.strip()


def _same_nonce(world: World, channel_id: str, author_id: str, given: Json) -> Message | None:
    nonce = given.get("nonce")
    if nonce is not None and len(str(nonce)) > 25:
        raise invalid("nonce", "NONCE_TYPE_TOO_LONG", "Nonce must be 25 characters or fewer.")
    if nonce is None or not given.get("enforce_nonce"):
        return None
    for at, author, seen, place in world.seen_nonces:
        if author == author_id and seen == str(nonce) and world.clock.now() - at <= NONCE_S:
            where, _, message_id = place.partition("/")
            if where == channel_id:
                return world.messages[where].get(message_id)
    return None


def _refer(world: World, channel_id: str, made: Json, given: Json) -> str | None:
    reference = given.get("message_reference")
    if not reference:
        return None
    target = world.messages.get(channel_id, {}).get(str(reference.get("message_id")))
    if target is None or target.deleted:
        if reference.get("fail_if_not_exists", True):
            raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None
    made["type"] = 19
    made["message_reference"] = {"type": 0, "message_id": target.data["id"], "channel_id": channel_id}
    if target.guild_id is not None:
        made["message_reference"]["guild_id"] = target.guild_id
    inner = {key: value for key, value in shown(target).items() if key not in ("referenced_message", "nonce")}
    made["referenced_message"] = inner
    return str(target.data["author"]["id"])


def _mention(
    world: World,
    guild: Guild | None,
    channel: Json,
    made: Json,
    given: Json,
    *,
    replied_to: str | None,
    defaults: frozenset[str],
) -> None:
    mentions = resolve(
        made["content"], given.get("allowed_mentions"), replied_to=replied_to, defaults=defaults
    )
    made["mentions"] = [world.users[user_id] for user_id in mentions.users if user_id in world.users]
    may_all = bool(world.permissions(guild, made["author"]["id"], channel) & permissions.MENTION_EVERYONE)
    made["mention_everyone"] = mentions.everyone and may_all
    made["mention_roles"] = [
        role_id
        for role_id in mentions.roles
        if guild is not None and role_id in guild.roles and (may_all or guild.roles[role_id]["mentionable"])
    ]


def _keep(world: World, channel_id: str, message: Message) -> None:
    kept = world.messages.setdefault(channel_id, {})
    kept[message.data["id"]] = message
    if len(kept) > world.settings.messages_kept:
        del kept[next(iter(kept))]


def _event(world: World, name: str, message: Message) -> Event:
    data = shown(message)
    if message.guild_id is not None:
        guild = world.guilds[message.guild_id]
        data["guild_id"] = guild.id
        author_id = data["author"]["id"]
        if author_id in guild.members:
            data["member"] = guild.members[author_id]
        data["mentions"] = [
            {**user, "member": guild.members[user["id"]]} if user["id"] in guild.members else user
            for user in data["mentions"]
        ]
    return _placed(world, name, data, message)


def _placed(world: World, name: str, data: Json, message: Message) -> Event:
    channel_id = message.data["channel_id"]
    only = None if message.guild_id is not None else _dm_party(world, channel_id)
    return Event(name=name, data=data, guild_id=message.guild_id, channel_id=channel_id, only=only)


def _dm_party(world: World, channel_id: str) -> frozenset[str]:
    return frozenset({world.dms[channel_id]["_bot_id"]})
