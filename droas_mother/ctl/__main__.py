"""`droasctl`: look at the bots and command them."""

import sys
from argparse import Namespace
from typing import NoReturn

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, NoMotherError, NotMadeError, RefusedError, find_socket
from droas_mother.ctl.command import refuse
from droas_mother.ctl.parser import build
from droas_mother.ctl.terminal import complain, ending_in_words, ready_streams


def main() -> NoReturn:
    """Run one command; exit codes are explained by --help."""
    with ending_in_words():
        ready_streams()
        _run(build(sys.argv[1:]).parse_args())


def _run(arguments: Namespace) -> NoReturn:
    try:
        with Client(find_socket(arguments.socket)) as client:
            sys.exit(arguments.run(client, arguments))
    except NoMotherError as error:
        refuse(arguments, codes.UNAVAILABLE, str(error), key=error.key)
    except NotMadeError as error:
        refuse(arguments, codes.CANNOT_CREATE, str(error))
    except RefusedError as error:
        code = codes.FOR_HTTP.get(error.status, codes.UNAVAILABLE)
        refuse(arguments, code, str(error), error.status, error.key)
    except (KeyError, TypeError, AttributeError) as error:
        complain(f"the mother's answer is not as expected ({error!r}); is she of another version?")
        sys.exit(codes.SOFTWARE)


if __name__ == "__main__":
    main()
