"""Shows the balances of members, all asked at once: balances.py CREDENTIAL GUILD USER… See ../client-library.md."""

import asyncio
import sys

from droas_common.errors import DroasError
from droas_common.following_tool_client import FollowingToolClient
from droas_common.wire.calls import Actor


async def main(credential: str, guild: str, *users: str) -> None:
    """Ask for all of them."""
    async with FollowingToolClient.from_credential(credential) as tools, asyncio.TaskGroup() as group:
        asked = {
            user: group.create_task(
                tools.call("economy.balance", {}, actor=Actor(user_id=user, guild_id=guild), timeout_s=30)
            )
            for user in users
        }
    for user, balance in asked.items():
        print(user, balance.result().structured_content["balance"])


if len(sys.argv) < 4:
    sys.exit("usage: balances.py CREDENTIAL GUILD USER…")
try:
    asyncio.run(main(*sys.argv[1:]))
except* DroasError as group:  # refused, or not answered: the first call to end so ended the others
    sys.exit(str(group.exceptions[0]))
