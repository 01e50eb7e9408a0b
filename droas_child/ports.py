"""All that a bot's flows ask of the world, on one page."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

from droas_child.core.conversation import Said
from droas_child.core.failures import Failure
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.wire.calls import Json
from droas_common.wire.heartbeats import FromChild


class ModelFailedError(OutsideError):
    """The model gave no answer.

    Args:
        failure: why, as a class.
        message: why, for the log.
    """

    def __init__(self, failure: Failure, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.failure = failure


class Speaker(Protocol):
    """What the bot can do in Discord; every call raises OutsideError when Discord fails."""

    @property
    def bot_id(self) -> Snowflake:
        """The bot's own user id."""
        ...

    async def say(
        self, channel_id: Snowflake, text: str, *, reply_to: Snowflake | None, nonce: str
    ) -> Snowflake:
        """Send a message; the same nonce sends it once. Gives its id."""
        ...

    async def change(self, channel_id: Snowflake, message_id: Snowflake, text: str) -> None:
        """Change a message of the bot's own."""
        ...

    async def take_back(self, channel_id: Snowflake, message_id: Snowflake) -> None:
        """Delete a message of the bot's own; one that is gone is no error."""
        ...

    async def show_typing(self, channel_id: Snowflake) -> None:
        """Show for ten seconds that an answer is being written."""
        ...

    async def history(self, channel_id: Snowflake, before: Snowflake, limit: int) -> list[Said]:
        """Give what was said before a message, oldest first."""
        ...


class Model(Protocol):
    """The language model."""

    def stream(self, messages: Sequence[Json], tools: Sequence[Json]) -> AsyncGenerator[Any, None]:
        """Give the chunks of one answer as they come; raises ModelFailedError."""
        ...


class Mother(Protocol):
    """The way to the mother's health socket."""

    def tell(self, word: FromChild) -> None:
        """Send a word; it is lost when she is gone."""
        ...
