"""What a first configuration lets a bot do, from the wizard and as it is shipped."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from droas_common.settings import ProtectionLevel
from droas_mother.core.configuration.first_files import Answers, first_files

SHIPPED = Path(__file__).parents[3] / "configs/bots"
WIZARD = first_files(
    Answers(bot="helper", model_base="http://model.example/v1", level=ProtectionLevel.MEDIUM, secrets={})
)
BOTS = {path.name: path.read_text() for path in SHIPPED.glob("*.yaml")} | {
    f"wizard {name}": text for name, (text, _) in WIZARD.items() if name.startswith("bots/")
}


@pytest.mark.parametrize("name", BOTS)
def test_no_member_can_have_coins_made(name: str) -> None:
    """No pattern of a bot's tools covers the one that makes coins out of nothing for whoever asks."""
    tools = YAML(typ="safe").load(BOTS[name])["bot_config"].get("tools", [])
    assert not [pattern for pattern in tools if fnmatchcase("economy.award", pattern)]


def test_both_kinds_were_looked_at() -> None:
    """The wizard writes a bot, and one is shipped."""
    assert {"bot_01.yaml", "wizard bots/helper.yaml"} <= BOTS.keys()
