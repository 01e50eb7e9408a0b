"""Commands about the configuration."""

from argparse import ArgumentParser

from droas_mother.ctl.command import Action, Command, nothing, takes_actions, takes_json
from droas_mother.ctl.commands.config_live import ACTIONS as LIVE
from droas_mother.ctl.offline import folder, offline, takes_folder


def _takes_overrides(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the mother above files and variables, as for droas-mother; may be given again",
    )


def _validate_arguments(parser: ArgumentParser) -> None:
    takes_folder(parser)
    _takes_overrides(parser)
    takes_json(parser)


def _show_arguments(parser: ArgumentParser) -> None:
    takes_folder(parser)
    parser.add_argument("--origin", action="store_true", help="also where each setting comes from")
    _takes_overrides(parser)
    takes_json(parser)


def _set_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="of the folder, as bots/helper.yaml")
    parser.add_argument("name", metavar="NAME", help="the setting, as bot_config.protection_level")
    parser.add_argument(
        "value", metavar="VALUE", help="YAML for a list, as [a, b]; - reads it from standard input"
    )
    parser.add_argument(
        "--config",
        default=folder(),
        metavar="FOLDER",
        help="with droas.yaml and bots/ (default: $DROAS_CONFIG, ./configs or /etc/droas)",
    )
    takes_json(parser)


def _arguments(parser: ArgumentParser) -> None:
    takes_actions(
        parser,
        {
            "validate": Action(
                offline, "Say every fault of a configuration folder, with its place.", _validate_arguments
            ),
            "show": Action(offline, "Show the settings that hold, secrets masked.", _show_arguments),
            "set": Action(
                offline, "Change one setting in its file; comments and order stay.", _set_arguments
            ),
            **LIVE,
        },
    )


COMMANDS = {
    "config": Command(
        run=nothing,
        about="Examine and edit the configuration (no mother need run); see what a running mother made of it.",
        arguments=_arguments,
        examples=(
            ("droasctl config validate /etc/droas", "0 when she could start with it, 78 when not"),
            (
                "droasctl config show --origin",
                "every setting, and the file, variable or argument that sets it",
            ),
            (
                "droasctl config set bots/helper.yaml bot_config.protection_level high",
                "keeps comments and order",
            ),
            ("droasctl config status", "0 when the files are in force and every bot has confirmed"),
            ("droasctl config apply --dry-run", "what would be started, stopped, changed"),
            ("droasctl config rollback 7", "until the files change again"),
        ),
    ),
}
