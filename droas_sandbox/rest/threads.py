"""Threads: from a message, without one, who is in them, the archived ones.

Source: Discord API reference, Channel: Threads.
"""

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.rest.fields import choice
from droas_sandbox.world import contents, objects, talk
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.state import ARCHIVE_MINUTES, PRIVATE_THREAD, THREADS, Event, Guild, Json

HAS_THREAD = 1 << 5
PUBLIC = 11
FORUMS = (15, 16)


def _from_message(call: Call) -> Answer:
    guild, channel = call.guild_channel(permissions.CREATE_PUBLIC_THREADS)
    if channel["type"] not in (0, 5):
        raise DiscordError(50024)
    _, _, message = call.message()
    if message.data["id"] in guild.channels:
        raise DiscordError(160004)
    thread = _open(call, guild, channel, message.data["id"], 10 if channel["type"] == 5 else 11)
    message.data["flags"] |= HAS_THREAD
    talk.tell(call.world, "MESSAGE_UPDATE", message)
    return 201, thread


def _without_message(call: Call) -> Answer:
    guild, channel = call.guild_channel()
    if channel["type"] in FORUMS:
        return _post(call, guild, channel)
    if channel["type"] not in (0, 5):
        raise DiscordError(50024)
    kind = choice(call.form, "type", THREADS, PRIVATE_THREAD)
    private = kind == PRIVATE_THREAD
    needed = permissions.CREATE_PRIVATE_THREADS if private else permissions.CREATE_PUBLIC_THREADS
    call.world.require(guild, call.me, needed, channel)
    return 201, _open(call, guild, channel, call.world.snowflakes.new(), kind)


def _post(call: Call, guild: Guild, forum: Json) -> Answer:
    """Open a post of a forum: a thread with its first message, which has the thread's id; raises 50035."""
    call.world.require(guild, call.me, permissions.SEND_MESSAGES, forum)
    given = call.form.get("message")
    if not isinstance(given, dict):
        raise invalid("message", "BASE_TYPE_REQUIRED", "This field is required")
    contents.check_empty(given, contents.text_of(given))
    thread = _open(call, guild, forum, call.world.snowflakes.new(), PUBLIC)
    author, first = call.world.user(call.me), {"id": thread["id"]}
    message = talk.say(call.world, thread["id"], author, given, extras=first)
    return 201, {**thread, "message": call.show(message)}


def _join(call: Call) -> Answer:
    _, thread = _thread(call)
    _members_of(call, thread).setdefault(call.me, _member(call, thread, call.me))


def _add(call: Call) -> Answer:
    guild, thread = _thread(call)
    user_id = call.path["user_id"]
    call.world.member(guild, user_id)
    if user_id in _members_of(call, thread):
        return
    member = _members_of(call, thread)[user_id] = _member(call, thread, user_id)
    if thread["type"] == PRIVATE_THREAD:  # whoever is added learns only now that it is there
        place = {"guild_id": guild.id, "channel_id": thread["id"]}
        only = frozenset({user_id})
        call.world.emit(Event(name="THREAD_CREATE", data={**thread, "member": member}, only=only, **place))


def _leave(call: Call) -> Answer:
    _, thread = _thread(call)
    _members_of(call, thread).pop(call.me, None)


def _remove(call: Call) -> Answer:
    guild, thread = _thread(call)
    call.world.require(guild, call.me, permissions.MANAGE_THREADS, thread)
    _members_of(call, thread).pop(call.path["user_id"], None)


def _members(call: Call) -> Answer:
    _, thread = _thread(call)
    return list(_members_of(call, thread).values())


def _one_member(call: Call) -> Answer:
    _, thread = _thread(call)
    user_id = call.me if call.path["user_id"] == "@me" else call.path["user_id"]
    found = _members_of(call, thread).get(user_id)
    if found is None:
        raise DiscordError(10007)
    return found


def _archived(call: Call) -> Answer:
    guild, channel = call.guild_channel(permissions.READ_MESSAGE_HISTORY)
    private = call.path["kind"] == "private"
    found = [
        thread
        for thread in guild.threads
        if thread["parent_id"] == channel["id"]
        and thread["thread_metadata"]["archived"]
        and (thread["type"] == PRIVATE_THREAD) == private
        and call.world.permissions(guild, call.me, thread) & permissions.VIEW_CHANNEL
    ]
    return {"threads": found, "members": [thread["member"] for thread in found], "has_more": False}


def _thread(call: Call) -> tuple[Guild, Json]:
    guild, thread = call.guild_channel()
    if thread["type"] not in THREADS:
        raise DiscordError(50024)
    return guild, thread


def _members_of(call: Call, thread: Json) -> dict[str, Json]:
    return call.world.thread_members.setdefault(thread["id"], {})


def _member(call: Call, thread: Json, user_id: str) -> Json:
    now = call.world.clock.timestamp()
    return {"id": thread["id"], "user_id": user_id, "join_timestamp": now, "flags": 0}


def _open(call: Call, guild: Guild, parent: Json, thread_id: str, kind: int) -> Json:
    minutes = choice(call.form, "auto_archive_duration", ARCHIVE_MINUTES, 1440)
    name, now = call.text("name", 1, 100), call.world.clock.timestamp()
    thread = objects.thread(thread_id, parent, call.me, name, kind, minutes, now)
    thread["member"] = _member(call, thread, call.me)
    _members_of(call, thread)[call.me] = thread["member"]
    guild.channels[thread_id] = thread
    data = {**thread, "newly_created": True}
    call.world.emit(Event(name="THREAD_CREATE", data=data, guild_id=guild.id, channel_id=thread_id))
    write_audit(call.world, guild, 110, call.me, thread_id, reason=call.reason)
    return thread


_C = "/channels/{channel_id}"
_T = _C + "/thread-members"
ROUTES = [
    Route("POST", _C + "/messages/{message_id}/threads", _from_message),
    Route("POST", _C + "/threads", _without_message),
    Route("GET", _C + "/threads/archived/{kind}", _archived),
    Route("PUT", _T + "/@me", _join),
    Route("POST", _T + "/@me", _join),
    Route("DELETE", _T + "/@me", _leave),
    Route("GET", _T, _members),
    Route("GET", _T + "/{user_id}", _one_member),
    Route("PUT", _T + "/{user_id}", _add),
    Route("DELETE", _T + "/{user_id}", _remove),
]
