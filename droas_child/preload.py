"""Imported once before the children are forked: what every child needs is there, and stays shared.

Nothing here may leave a thread, a loop or a socket behind.
"""

import sys
from importlib import import_module
from importlib.util import find_spec

_UNWANTED = ("httpx._main", *(() if find_spec("sniffio") else ("sniffio",)))
"""httpx's command line, which brings rich, click and pygments where they are installed (4 MiB); and what its
transport looks for anew at each request where it is not."""

for _name in _UNWANTED:
    sys.modules[_name] = None  # type: ignore[assignment] # an import of it fails at once

import droas_child.worker  # noqa: E402, F401 - imported for its effect: the pages are shared
from droas_child.rehearsal.play import rehearse  # noqa: E402
from droas_common.restless_code import marks  # noqa: E402
from droas_common.shared_pages import share_pages  # noqa: E402

_LATE = (
    "uvloop",
    "encodings.idna",
    "encodings.unicode_escape",
    "droas_common.by_name",
    "multiprocessing.popen_forkserver",
)
"""What a child would import by itself when it begins or speaks."""

for _name in _LATE:
    try:
        import_module(_name)
    except ImportError:
        continue

_first = rehearse()
# CPython settles on how to run a piece of code when it runs for the second time.
_marks = marks()
rehearsed = rehearse() and _first
"""Whether the plays went well; children run without them too, only larger and slower."""

share_pages(_marks)
