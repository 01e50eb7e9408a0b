"""`droasctl`: look at the bots and command them."""

import os
import sys
from argparse import Namespace
from typing import NoReturn

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, NoMotherError, NotMadeError, RefusedError, find_socket
from droas_mother.ctl.command import show_line
from droas_mother.ctl.parser import build
from droas_mother.ctl.terminal import complain, end_unwritten, ready_streams


def main() -> NoReturn:
    """Run one command; exit codes are explained by --help."""
    ready_streams()
    arguments = build(sys.argv[1:]).parse_args()
    try:
        with Client(find_socket(arguments.socket)) as client:
            sys.exit(arguments.run(client, arguments))
    except NoMotherError as error:
        _refuse(arguments, codes.UNAVAILABLE, str(error), None)
    except NotMadeError as error:
        _refuse(arguments, codes.CANNOT_CREATE, str(error), None)
    except RefusedError as error:
        code = codes.FOR_HTTP.get(error.status, codes.UNAVAILABLE)
        _refuse(arguments, code, str(error), error.status)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(codes.OK)
    except OSError as error:
        end_unwritten(error)
    except KeyboardInterrupt:
        sys.exit(codes.INTERRUPTED)
    except (KeyError, TypeError, AttributeError) as error:
        _end(
            codes.SOFTWARE, f"the mother's answer is not as expected ({error!r}); is she of another version?"
        )


def _refuse(arguments: Namespace, code: int, words: str, status: int | None) -> NoReturn:
    if getattr(arguments, "json", None) not in (None, False):  # `tools call --json` may have a value
        try:
            show_line({"error": words, "status": status})
        except OSError as error:
            end_unwritten(error)
    _end(code, words)


def _end(code: int, words: str) -> NoReturn:
    complain(words)
    sys.exit(code)


if __name__ == "__main__":
    main()
