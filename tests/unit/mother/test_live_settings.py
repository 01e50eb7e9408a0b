"""Who gets what when a configuration is given to all."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

from droas_common.ids import BotName
from droas_mother.bootstrap.live_settings import LiveSettings
from droas_mother.core.reloading.config_plan import Plan
from droas_mother.core.settings import MotherSettings

ONE, TWO = BotName("bot_01"), BotName("bot_02")


def test_bots_that_tried_a_change_get_the_mothers_part_of_it_too() -> None:
    """They have their own settings already, but were given them with her old ones: level of logs, heartbeats."""
    bots = MagicMock()
    target: Any = SimpleNamespace(mother=MotherSettings(), bots={ONE: object(), TWO: object()}, policies={})
    LiveSettings(MagicMock(), bots, MagicMock(), MagicMock()).give_all(
        Plan(live=frozenset({ONE}), mother=True), target, 2, done=frozenset({ONE})
    )
    assert [call.args[0] for call in bots.give.call_args_list] == [TWO]
    bots.publish.assert_called_once_with(ONE)
