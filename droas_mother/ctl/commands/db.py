"""The commands of the database; what they do stands in `droas_mother.offline.db`."""

from argparse import ArgumentParser

from droas_mother.ctl.command import Action, Command, nothing, takes_actions, takes_json
from droas_mother.ctl.offline import folder, offline


def _takes_config(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        default=folder(),
        metavar="FOLDER",
        help="with droas.yaml, which names the database (default: $DROAS_CONFIG, ./configs or /etc/droas)",
    )
    takes_json(parser)


def _backup_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="the new file (default: by date, in backups of the data folder)",
    )
    _takes_config(parser)


def _restore_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file that `db backup` wrote")
    parser.add_argument(
        "--force", action="store_true", help="also over a database that is there; that one is kept aside"
    )
    _takes_config(parser)


def _migrate_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--to", metavar="SCHEMA", help="only up to this one (default: the newest)")
    _takes_config(parser)


def _check_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="a backup (default: the database)")
    _takes_config(parser)


_BACKUP = (
    "Write a backup into a new file, at one moment while the mother goes on, and verify it: pages, schema, "
    "both chains, the ledger's sums."
)
_RESTORE = "Put a backup in the place of the database; refused while a mother runs, and over a database that is there."
_MIGRATE = "Bring the schema forward, after a backup; refused while a mother runs. She does the same when she starts."
_CHECK = (
    "Look through the database, or a backup: pages, schema, both chains, the ledger's sums. Exits with 1 and "
    "says what does not hold."
)


def _arguments(parser: ArgumentParser) -> None:
    takes_actions(
        parser,
        {
            "backup": Action(offline, _BACKUP, _backup_arguments),
            "restore": Action(offline, _RESTORE, _restore_arguments),
            "migrate": Action(offline, _MIGRATE, _migrate_arguments),
            "check": Action(offline, _CHECK, _check_arguments),
        },
    )


COMMANDS = {
    "db": Command(
        run=nothing,
        about="Back up, restore, migrate and check the database that droas.yaml names. A backup is one SQLite\n"
        "file, also of PostgreSQL, and can be restored into either.",
        arguments=_arguments,
        examples=(
            ("droasctl db backup", "into the folder backups beside the database"),
            ("droasctl db check droas.db.bak", "0 when it holds"),
            ("droasctl db restore FILE --force", "what is there is kept aside"),
        ),
    ),
}
