"""Run as `python -m supervision_parts.floor_loop LINES…`: a preloaded, frozen forkserver and a loop."""

import multiprocessing
import multiprocessing.connection
import sys
from importlib import import_module
from multiprocessing.process import BaseProcess


def bot(lines: str) -> None:
    """Be a bot; the module is there already, the forkserver has imported it."""
    import_module("supervision_parts.bot").start_preloaded(lines)


def keep(all_lines: list[str]) -> None:
    """Keep one bot a file of lines."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["supervision_parts.frozen"])
    running: dict[int, tuple[str, BaseProcess]] = {}

    def start(lines: str) -> None:
        process = context.Process(target=bot, args=(lines,))
        process.start()
        running[process.sentinel] = (lines, process)

    for lines in all_lines:
        start(lines)
    while True:
        for sentinel in multiprocessing.connection.wait(list(running)):
            if isinstance(sentinel, int):
                lines, process = running.pop(sentinel)
                process.join()
                start(lines)


if __name__ == "__main__":
    keep(sys.argv[1:])
