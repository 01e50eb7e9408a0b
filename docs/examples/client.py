"""Calls one tool: client.py CREDENTIAL TOOL ARGUMENTS [GUILD USER]. It needs pyzmq only; see ../wire-protocol.md."""

import json
import sys
import time
import uuid
from pathlib import Path

import zmq

try:
    path, tool, given, *actor = sys.argv[1:]
    credential = json.loads(Path(path).read_text())  # as `droasctl client add … --out FILE` wrote it
    beacon = Path(credential["beacon"])
    params = {"name": tool, "arguments": json.loads(given)}
except (OSError, ValueError, KeyError, TypeError) as error:
    sys.exit(f"usage: client.py CREDENTIAL TOOL ARGUMENTS [GUILD USER], ARGUMENTS as JSON ({error})")
# One key for all tries: whatever gets lost on the way, the call is done once.
params["_meta"] = {"idempotencyKey": f"{time.time_ns() // 10**6:012x}-{uuid.uuid4().hex}"}
if actor:
    params["_meta"]["actor"] = dict(zip(("guildId", "userId"), actor, strict=False))
frame = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
answer = None
for _ in range(5):
    try:
        server_key = json.loads(beacon.read_text())["server_key"]  # of the mother that runs now
    except OSError:
        break
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.linger = 0
    socket.curve_publickey, socket.curve_secretkey = (
        credential[name].encode() for name in ("public_key", "secret_key")
    )
    socket.curve_serverkey = server_key.encode()
    socket.connect(credential["endpoint"])
    socket.send(frame)
    answer = json.loads(socket.recv()) if socket.poll(2000) else None
    socket.close()
    wait_ms = 0 if answer is None else answer.get("error", {}).get("data", {}).get("retryAfterMs")
    if wait_ms is None:
        break
    time.sleep(wait_ms / 1000)
if answer is None:
    # Who is not admitted gets no answer, so nothing here can tell which of these it is.
    sys.exit(
        f"no answer came from {credential['endpoint']}: no mother runs there, or this client is revoked "
        f"(`droasctl client list`), or {beacon} does not hold that mother's key; "
        "whether the call was done can be asked for with calls/status"
    )
print(json.dumps(answer["error"] if "error" in answer else answer["result"]["structuredContent"]))
sys.exit("error" in answer or answer["result"].get("isError", False))
