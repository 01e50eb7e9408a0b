"""Commands about encrypted files."""

from argparse import ArgumentParser

from droas_mother.ctl.command import Action, Command, nothing, takes_actions, takes_json
from droas_mother.ctl.offline import offline


def _takes_file(parser: ArgumentParser, words: str) -> None:
    parser.add_argument("file", metavar="FILE", help=words)
    takes_json(parser)


def _takes_recipients(parser: ArgumentParser, words: str) -> None:
    parser.add_argument("--age", action="append", default=[], metavar="RECIPIENT", help=words)


def _encrypt_arguments(parser: ArgumentParser) -> None:
    _takes_file(parser, "YAML, JSON or NAME=value lines (*.env); it is replaced by the encrypted one")
    _takes_recipients(parser, "who can open it, age1…; may be given again (default: the identities here)")
    parser.add_argument(
        "--regex",
        metavar="PATTERN",
        help="encrypt what is below keys that this finds (default: what is named like a secret; of *.env all)",
    )


def _edit_arguments(parser: ArgumentParser) -> None:
    _takes_file(parser, "an encrypted file")


def _rotate_arguments(parser: ArgumentParser) -> None:
    _takes_file(parser, "an encrypted file")
    _takes_recipients(parser, "who can open it from now on; may be given again (default: who could before)")


def _keygen_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a new file for the identity, mode 0600")
    takes_json(parser)


def _arguments(parser: ArgumentParser) -> None:
    takes_actions(
        parser,
        {
            "encrypt": Action(offline, "Encrypt the values of a file in place.", _encrypt_arguments),
            "edit": Action(
                offline, "Open an encrypted file in $EDITOR and encrypt it again.", _edit_arguments
            ),
            "rotate": Action(offline, "Encrypt a file anew with a fresh data key.", _rotate_arguments),
            "keygen": Action(offline, "Make an age identity and print its recipient.", _keygen_arguments),
        },
    )


COMMANDS = {
    "secrets": Command(
        run=nothing,
        about="Encrypt, edit and rotate files, in the format of sops with age; no mother need run.\n"
        "Identities: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, ~/.config/sops/age/keys.txt, systemd credentials.",
        arguments=_arguments,
        examples=(
            ("droasctl secrets keygen ~/.config/sops/age/keys.txt", "an identity; prints age1…"),
            ("droasctl secrets encrypt configs/secrets.env --age age1…", "its values, for one recipient"),
            ("droasctl secrets edit configs/secrets.env", "in $EDITOR; what is not changed stays as it is"),
        ),
    ),
}
