"""A configuration with each kind of fault: said with its place, and whatever is right runs."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.mother.test_config_files import FAULTS
from tests.support.town import town, until

pytestmark = pytest.mark.slow


async def test_faulty_bots_leave_the_others_running(short_tmp: Path) -> None:
    """Each faulty file is named in the log with line and column; the other bots are ready and answer."""
    async with town(short_tmp, start=False) as place:
        place.environment |= {
            "CHILD_BOT_01_TOKEN": "t",
            "LLM_BASE_URL": place.sandbox.model_base,
            "LLM_API_KEY": "k",
        }
        for number, (text, _) in enumerate(FAULTS.values()):
            raw = text if isinstance(text, bytes) else text.encode()
            (short_tmp / "configs" / "bots" / f"faulty_{number}.yaml").write_bytes(raw)
        await place.start_mother()

        async def ready() -> bool:
            """Both good bots are ready; the status is still not all right, because somebody must mend the files."""
            code, answer, _ = await place.ctl("status")
            states = [bot["state"] for bot in answer["bots"]] if answer else []
            return states == ["ready", "ready"] and code == 3

        await until(ready, "the good bots are not ready, or the status is all right")
        assert await place.answer(await place.ask("ada", "helper", "hello"), "helper")
        for number, (_, words) in enumerate(FAULTS.values()):
            assert words.replace("helper", f"faulty_{number}") in place.log().replace('\\"', '"'), words
        assert await place.stop_mother() == 0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("http: {port: 99999}\n", "droas.yaml:1:14: http.port:"),
        ("htp: {}\n", "droas.yaml:1:1: htp: there is no such setting"),
        ("http: [\n", "droas.yaml:1:8: the file ends in the middle of a value"),
    ],
)
async def test_a_mother_with_a_wrong_file_says_so_and_ends(short_tmp: Path, fault: str, words: str) -> None:
    """Her own file must be right: one line that says where, no traceback, exit code 78."""
    async with town(short_tmp, start=False) as place:
        (short_tmp / "configs" / "droas.yaml").write_text(fault)
        await place.start_mother()
        assert place.process is not None
        async with asyncio.timeout(15):
            assert await place.process.wait() == 78
        assert words in place.log()
        assert "Traceback" not in place.log()
