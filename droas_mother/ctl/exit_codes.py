"""What droasctl exits with; the same numbers as `droas_common.errors.ExitCode`, without its imports."""

from http import HTTPStatus

OK = 0
NOT_AS_ASKED = 1
NOT_RUNNING = 3
UNKNOWN_BOT = 4
USAGE = 64
UNAVAILABLE = 69
PERMISSION = 77
INTERRUPTED = 130

HTTP_OK = HTTPStatus.OK.value

FOR_HTTP = {HTTPStatus.NOT_FOUND.value: UNKNOWN_BOT, HTTPStatus.FORBIDDEN.value: PERMISSION}

EXPLANATION = """\
exit codes:
  0   as asked; for status: every wanted bot is ready
  1   the state asked for was not reached in time
  3   status: some bot is not as it is wanted
  4   there is no such bot
  64  wrong use
  69  no mother runs, or she does not answer
  77  this user may not command her
"""
