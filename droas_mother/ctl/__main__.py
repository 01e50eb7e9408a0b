"""`droasctl`: look at the bots and command them."""

import io
import os
import sys
from typing import NoReturn

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, NoMotherError, RefusedError, find_socket
from droas_mother.ctl.command import show_line
from droas_mother.ctl.parser import build
from droas_mother.ctl.terminal import complain


def main() -> NoReturn:
    """Run one command; exit codes are explained by --help."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may not know our arrows
    arguments = build(sys.argv[1:]).parse_args()
    as_json = getattr(arguments, "json", False)
    try:
        with Client(find_socket(arguments.socket)) as client:
            sys.exit(arguments.run(client, arguments))
    except NoMotherError as error:
        _end(codes.UNAVAILABLE, str(error))
    except RefusedError as error:
        if as_json:
            show_line({"error": error.words, "status": error.status})
        _end(codes.FOR_HTTP.get(error.status, codes.UNAVAILABLE), str(error))
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(codes.OK)
    except OSError as error:
        # Nothing is flushed once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _end(codes.IO_ERROR, f"cannot write: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(codes.INTERRUPTED)
    except (KeyError, TypeError, AttributeError) as error:
        _end(
            codes.SOFTWARE, f"the mother's answer is not as expected ({error!r}); is she of another version?"
        )


def _end(code: int, words: str) -> NoReturn:
    complain(words)
    sys.exit(code)


if __name__ == "__main__":
    main()
