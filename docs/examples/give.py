"""Gives coins of one member to another: give.py CREDENTIAL GUILD FROM TO AMOUNT. See ../client-library.md."""

import sys

from droas_common.errors import DroasError
from droas_common.sync_tool_client import SyncToolClient
from droas_common.tool_client import ToolCallError, ToolUnavailableError
from droas_common.wire.calls import Actor

try:
    credential, guild, giver, taker, amount = sys.argv[1:]
    gift = {"to_user_id": taker, "amount": int(amount)}
    client = SyncToolClient.from_credential(credential)
except (ValueError, DroasError) as error:
    sys.exit(f"usage: give.py CREDENTIAL GUILD FROM TO AMOUNT ({error})")
with client as tools:
    try:
        given = tools.call("economy.transfer", gift, actor=Actor(user_id=giver, guild_id=guild), timeout_s=30)
    except ToolCallError as error:
        sys.exit(f"{error.kind}: {error}")
    except ToolUnavailableError as error:
        sys.exit(f"{error}; nobody knows whether it was done: ask again with the key {error.idempotency_key}")
if given.is_error:
    sys.exit(given.structured_content["message"])
print(given.structured_content["balance"])
