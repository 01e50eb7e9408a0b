"""What droasctl exits with; the same numbers as `droas_common.errors.ExitCode`, without its imports."""

OK = 0
NOT_AS_ASKED = 1
NOT_RUNNING = 3
UNKNOWN_BOT = 4
USAGE = 64
DATA = 65
UNAVAILABLE = 69
SOFTWARE = 70
CANNOT_CREATE = 73
IO_ERROR = 74
PERMISSION = 77
CONFIGURATION = 78
INTERRUPTED = 130

HTTP_OK = 200
HTTP_UNAVAILABLE = 503

FOR_HTTP = {400: USAGE, 403: PERMISSION, 404: UNKNOWN_BOT, 409: NOT_AS_ASKED, 413: USAGE, 500: DATA}
"""Every other refusal is UNAVAILABLE."""

EXPLANATION = """\
exit codes:
  0    as asked
  1    the state asked for was not reached, the mother is unwell, a tool refused, something was changed
  3    status: a bot that shall run is not ready, or nothing can be written down; of one bot: it is not ready
  4    there is no such bot, client or revision
  64   wrong use
  65   a file, the database or a backup is not what it should be
  66   a file that was named is not there, or cannot be read; db: there is no database yet
  69   no mother runs, or she does not answer; mcp: an extra is not installed
  70   a defect of droasctl itself
  73   a file cannot be made: there is one already, or no folder for it
  74   what was found out cannot be written
  75   db: a mother runs, or the database cannot be reached
  77   this user may not command her
  78   the configuration is faulty; db: a newer release has written the database
  130  interrupted (what was asked for goes on in the mother)
"""
