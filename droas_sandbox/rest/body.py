"""Bodies of requests: JSON, forms, and forms with files.

Source: Discord API reference, Reference: Uploading Files.
"""

import json
import os
from typing import Any

from aiohttp import web

from droas_sandbox.errors import DiscordError, invalid

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


async def read_body(request: web.Request) -> Any:
    """Read a body; an empty object stands for none. Raises 40005, 50035, 50109."""
    if not request.can_read_body:
        return {}
    try:
        if request.content_type in _FORMS:
            return _with_files(await request.post())
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise DiscordError(40005) from None
    except ValueError:
        raise invalid("_errors", "CONTENT_TYPE_INVALID", "The form cannot be read.") from None
    if not raw:
        return {}
    if request.content_type != "application/json":
        words = 'Expected "Content-Type" header to be one of {"application/json"}.'
        raise invalid("_errors", "CONTENT_TYPE_INVALID", words)
    return _parse(raw)


def _parse(raw: bytes | bytearray | str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise DiscordError(50109) from None


def _with_files(form: Any) -> Any:
    """Read `payload_json` and note the files as attachments; without it, the form's own fields."""
    fields = {key: value for key, value in form.items() if isinstance(value, str | bytes | bytearray)}
    payload: Any = _parse(fields["payload_json"]) if "payload_json" in fields else fields
    files = [(key, part) for key, part in form.items() if isinstance(part, web.FileField)]
    if files and isinstance(payload, dict):
        told = {str(one.get("id")): one for one in payload.get("attachments") or () if isinstance(one, dict)}
        payload["attachments"] = [
            {**told.get(key.removeprefix("files[").removesuffix("]"), {}), **_describe(part)}
            for key, part in files
        ]
    return payload


def _describe(part: web.FileField) -> dict[str, Any]:
    size = part.file.seek(0, os.SEEK_END)
    return {"filename": part.filename, "size": size, "content_type": part.content_type}
