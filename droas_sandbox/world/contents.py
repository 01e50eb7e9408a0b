"""What a message may be made of: lengths, counts, flags. Pure.

Source: Discord API reference, Create Message and Embed Limits. Bots have 2,000 characters.
"""

from typing import Any

from droas_sandbox.clock import parse_iso
from droas_sandbox.errors import DiscordError, invalid

Json = dict[str, Any]

MAX_CONTENT = 2000
MAX_EMBEDS = 10
MAX_EMBED_CHARACTERS = 6000
MAX_ATTACHMENTS = 10
MAX_STICKERS = 3
MAX_NONCE = 25
SETTABLE_FLAGS = 1 << 2 | 1 << 12 | 1 << 13 | 1 << 15
EPHEMERAL = 1 << 6
COMPONENTS_V2 = 1 << 15
_EMBED_LIMITS = {"title": 256, "description": 4096}
_EMBED_PARTS: dict[str, type] = {
    "title": str, "description": str, "url": str, "timestamp": str, "color": int, "fields": list,
    "author": dict, "footer": dict, "image": dict, "thumbnail": dict, "video": dict, "provider": dict,
}  # fmt: skip
"""What an embed may have; what else a client sends is dropped, as Discord drops it."""

_PART_TEXTS = ("name", "value", "text", "url", "icon_url")
_MAX_COLOUR = 0xFFFFFF


def text_of(given: Json) -> str:
    """Give the text of a message, trimmed as Discord does; raises 50035 when it is too long."""
    content = given.get("content")
    if content is None:
        return ""
    if not isinstance(content, str | int | float):
        raise invalid("content", "BASE_TYPE_STRING", "Could not interpret as string.")
    text = str(content)
    if len(text) > MAX_CONTENT:
        raise invalid("content", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_CONTENT} or fewer in length.")
    return text.strip()


def embeds_of(given: Json) -> list[Json]:
    """Give the embeds of a message as Discord keeps them; raises 50035 for one that is too large."""
    embeds = given.get("embeds") or []
    if not isinstance(embeds, list) or not all(isinstance(embed, dict) for embed in embeds):
        raise invalid("embeds", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    if len(embeds) > MAX_EMBEDS:
        raise too_long("embeds", MAX_EMBEDS)
    total = sum(_measure(embed, index) for index, embed in enumerate(embeds))
    if total > MAX_EMBED_CHARACTERS:
        raise invalid("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return [_complete(embed) for embed in embeds]


def check_counts(given: Json) -> None:
    """Check the other parts of a message; raises 50035 or 50006."""
    for field, most in (("attachments", MAX_ATTACHMENTS), ("sticker_ids", MAX_STICKERS)):
        if len(given.get(field) or ()) > most:
            raise too_long(field, most)
    if flags_of(given) & COMPONENTS_V2 and (given.get("content") or given.get("embeds")):
        raise invalid("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Only components.")


def check_empty(given: Json, content: str) -> None:
    """Make sure that there is something to say; raises 50006."""
    parts = ("embeds", "sticker_ids", "components", "attachments", "poll")
    if not content and not any(given.get(part) for part in parts):
        raise DiscordError(50006)


def flags_of(given: Json) -> int:
    """Give the flags that a client may set."""
    flags = given.get("flags") or 0
    if not isinstance(flags, int):
        raise invalid("flags", "NUMBER_TYPE_COERCE", f'Value "{flags}" is not int.')
    return flags & (SETTABLE_FLAGS | EPHEMERAL)


def nonce_of(given: Json) -> str | None:
    """Give a message's nonce as text; raises 50035 for a long one."""
    nonce = given.get("nonce")
    if nonce is not None and type(nonce) not in (str, int):
        raise invalid("nonce", "NONCE_TYPE_UNION", "A nonce is a text or a whole number.")
    if nonce is not None and len(str(nonce)) > MAX_NONCE:
        raise invalid("nonce", "NONCE_TYPE_TOO_LONG", "Nonce must be 25 characters or fewer.")
    return None if nonce is None else str(nonce)


def too_long(field: str, most: int) -> DiscordError:
    """Give the error for a field that is longer than it may be."""
    return invalid(field, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def _complete(embed: Json) -> Json:
    """Give an embed with what Discord adds to it; null and empty parts are dropped."""
    made = {
        key: value for key, value in embed.items() if key in _EMBED_PARTS and value not in (None, "", [], {})
    }
    if "fields" in made:
        made["fields"] = [{"inline": False, **field} for field in made["fields"]]
    return {**made, "type": "rich"}


def _check_parts(embed: Json, place: str) -> None:
    """Make sure that each part of an embed has its type; raises 50035."""
    for name, kind in _EMBED_PARTS.items():
        value = embed.get(name)
        if value is not None and type(value) is not kind:
            raise invalid(f"{place}.{name}", "BASE_TYPE_CONVERT", f"Could not interpret as {kind.__name__}.")
        for part in value if isinstance(value, list) else [value]:
            texts = [part.get(key) for key in _PART_TEXTS] if isinstance(part, dict) else []
            if any(text is not None and not isinstance(text, str) for text in texts):
                raise invalid(f"{place}.{name}", "BASE_TYPE_STRING", "Could not interpret as string.")
    if not 0 <= (embed.get("color") or 0) <= _MAX_COLOUR:
        raise invalid(f"{place}.color", "NUMBER_TYPE_MAX", f"int value should be at most {_MAX_COLOUR}.")
    if embed.get("timestamp") is not None and parse_iso(embed["timestamp"]) is None:
        raise invalid(f"{place}.timestamp", "DATE_TIME_TYPE_PARSE", "Could not parse the timestamp.")
    for number, field in enumerate(embed.get("fields") or ()):
        if not isinstance(field, dict) or not field.get("name") or not field.get("value"):
            raise invalid(f"{place}.fields.{number}", "BASE_TYPE_REQUIRED", "A field has a name and a value.")


def _measure(embed: Json, index: int) -> int:
    """Give the characters of an embed; raises 50035 when one of its parts has too many."""
    place = f"embeds.{index}"
    _check_parts(embed, place)
    lengths = {name: len(str(embed.get(name) or "").strip()) for name in _EMBED_LIMITS}
    for name, most in _EMBED_LIMITS.items():
        if lengths[name] > most:
            raise too_long(f"{place}.{name}", most)
    for part, key, most in (("footer", "text", 2048), ("author", "name", 256)):
        value = str((embed.get(part) or {}).get(key) or "").strip()
        if len(value) > most:
            raise too_long(f"{place}.{part}.{key}", most)
        lengths[part] = len(value)
    fields = embed.get("fields") or []
    if len(fields) > 25:
        raise too_long(f"{place}.fields", 25)
    for number, field in enumerate(fields):
        for key, most in (("name", 256), ("value", 1024)):
            value = str(field.get(key) or "").strip()
            if len(value) > most:
                raise too_long(f"{place}.fields.{number}.{key}", most)
            lengths[f"{number}.{key}"] = len(value)
    return sum(lengths.values())
