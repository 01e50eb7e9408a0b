"""Discord's error answers: status, JSON code, message, and a tree that mirrors the request.

Source: Discord API reference, Error Messages and JSON Error Codes.
"""

from typing import Any

MESSAGES: dict[int, tuple[int, str]] = {
    0: (404, "404: Not Found"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10026: (404, "Unknown Ban"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    10066: (404, "Unknown auto moderation rule"),
    20016: (429, "This action cannot be performed due to slowmode rate limit."),
    30003: (400, "Maximum number of pins reached for the channel (250)"),
    30005: (400, "Maximum number of guild roles reached (250)"),
    30007: (400, "Maximum number of webhooks reached (15)"),
    30010: (400, "Maximum number of reactions reached (20)"),
    30013: (400, "Maximum number of guild channels reached (500)"),
    30032: (400, "Maximum number of application commands reached (100)"),
    30034: (400, "Max number of daily application command creates has been reached (200)"),
    40005: (413, "Request entity too large"),
    40007: (403, "The user is banned from this guild."),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50014: (401, "Invalid authentication token provided"),
    50016: (400, "Provided too few or too many messages to delete. Must provide at least 2 and at most 100."),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50028: (400, "Invalid Role"),
    50034: (400, "You can only bulk delete messages that are under 14 days old."),
    50035: (400, "Invalid Form Body"),
    50041: (400, "Invalid API version"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160004: (400, "A thread has already been created for this message"),
    160005: (403, "Thread is locked"),
    200000: (400, "Message was blocked by automatic moderation"),
    500000: (400, "Failed to ban users"),
}
"""HTTP status and words of each JSON code."""


class DiscordError(Exception):
    """An answer that says no.

    Args:
        code: Discord's JSON code; it decides status and message.
        errors: the tree of faults, for code 50035.
        status: another status than the code's own.
        extras: further fields of the body.
        message: another message.
    """

    def __init__(
        self,
        code: int,
        *,
        errors: dict[str, Any] | None = None,
        status: int | None = None,
        extras: dict[str, Any] | None = None,
        message: str | None = None,
    ) -> None:
        own_status, own_message = MESSAGES.get(code, (400, "Bad Request"))
        super().__init__(message or own_message)
        self.code = code
        self.status = status or own_status
        self.errors = errors
        self.extras = extras or {}

    def body(self) -> dict[str, Any]:
        """Give the answer's JSON body."""
        body: dict[str, Any] = {"message": str(self), "code": self.code, **self.extras}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


def invalid(field: str, code: str, message: str) -> DiscordError:
    """Give the error for one wrong field; dots in its name go down the tree."""
    tree: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(field.split(".")):
        tree = {key: tree}
    return DiscordError(50035, errors=tree)


def unauthorized() -> DiscordError:
    """Give the error for a missing or unknown token."""
    return DiscordError(0, status=401, message="401: Unauthorized")
