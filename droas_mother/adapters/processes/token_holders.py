"""Who has which token: a token that moves from one bot to another is free only when that one has ended."""

import asyncio

from pydantic import SecretStr

from droas_common.errors import OutsideError
from droas_common.ids import BotName

LONGEST_WAIT_S = 30.0

Life = tuple[BotName, int]


class TokenHolders:
    """Knows which living process has which token."""

    def __init__(self) -> None:
        self._holders: dict[str, Life] = {}
        self._freed = asyncio.Event()

    async def wait(self, token: SecretStr, name: BotName) -> None:
        """Wait until no other bot has this token; raises OutsideError when that takes too long."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                while (holder := self._holders.get(token.get_secret_value())) and holder[0] != name:
                    await self._freed.wait()
        except TimeoutError:
            other = self._holders.get(token.get_secret_value(), ("another bot", 0))[0]
            raise OutsideError(f"its token is still in use by {other}") from None

    def hold(self, token: SecretStr, life: Life) -> None:
        """Note that a process has this token."""
        self._holders[token.get_secret_value()] = life

    def free(self, life: Life) -> None:
        """Note that a process has ended."""
        self._holders = {token: holder for token, holder in self._holders.items() if holder != life}
        self._freed.set()
        self._freed = asyncio.Event()
