"""Rubbish on the gateway: the answer is a close, never a crash."""

import json
import logging
import random
from typing import Any

import pytest

FRAMES, SEEDS = 10_000, 8
_CLOSES = {4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4010, 4013, 4014}
_LEAVES = (None, True, -1, 0, 1, 2**70, 1.5, "", "x", "1100000000000000000", [], {}, [None], {"a": []})
_KEYS = (
    "token", "intents", "shard", "session_id", "seq", "guild_id", "query", "limit", "user_ids", "nonce",
    "presences", "properties", "large_threshold",
)  # fmt: skip


def _payload(dice: random.Random, town: Any) -> str:
    """Give a frame between almost right and hopeless."""
    data = {key: dice.choice(_LEAVES) for key in dice.sample(_KEYS, dice.randrange(len(_KEYS)))}
    if dice.random() < 0.7:
        data["token"] = town.bot.token
    if dice.random() < 0.7:
        data["intents"] = 3276799
    if dice.random() < 0.5:
        data["guild_id"] = town.guild_id
    op = dice.choice([1, 2, 2, 6, 8, 8, 8, 3, 4, 31, 43, 0, 99, "2", None, 1.0, True, [2]])
    text = json.dumps({"op": op, "d": dice.choice([data, data, data, *_LEAVES])})
    if dice.random() < 0.05:
        return text[: dice.randrange(len(text))]
    return text


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_random_frames_close_with_documented_codes(
    town: Any, dial: Any, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    """Ten thousand frames in all, on as many connections as it takes; the server logs no exception."""
    dice = random.Random(seed)
    wire = await dial(town.sandbox)
    with caplog.at_level(logging.WARNING):
        for _ in range(FRAMES // SEEDS):
            await wire.socket.send_str(_payload(dice, town))
            await wire.socket.send_str('{"op": 1, "d": null}')
            while (frame := await wire.next()) is not None and frame["op"] != 11:
                pass
            if frame is None:
                assert wire.close_code in _CLOSES
                wire = await dial(town.sandbox)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("aiohttp")] == []
