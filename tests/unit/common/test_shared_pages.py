"""Memory shared for good: everything still works, and a forked process writes into little of it."""

import subprocess
import sys
from textwrap import dedent

_PLAY = dedent("""
    import asyncio, os, sys
    from droas_common.restless_code import marks
    from droas_common.shared_pages import share_pages

    class Anything:
        def __getattr__(self, name):
            return len(name)

    # CPython finds no faster form of an attribute that only __getattr__ knows, so it counts for ever.
    space, kept = {"asyncio": asyncio}, []
    for number in range(300):
        exec(f"def f{number}(x): return x.name_{number} + (lambda: x.b)()" + " + x.c" * 30, space)
        kept.append(bytes(8_000))
    exec("async def later(x):\\n    await asyncio.sleep(0)\\n    return x.abc", space)
    exec("def numbers(x):\\n    for _ in range(3):\\n        yield x.ab", space)

    def play():
        thing = Anything()
        total = sum(space[f"f{number}"](thing) for number in range(300))
        return total, asyncio.run(space["later"](thing)), list(space["numbers"](thing))

    def private_kib():
        lines = open("/proc/self/smaps_rollup").read().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))

    expected = play()
    before = marks()
    assert play() == expected
    share_pages(before if sys.argv[1] == "gathered" else {})
    pid = os.fork()
    if pid:
        assert os.waitpid(pid, 0)[1] == 0
        sys.exit()
    assert play() == expected
    print(private_kib())
""")


def _private_kib(way: str) -> int:
    done = subprocess.run([sys.executable, "-c", _PLAY, way], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_restless_code_takes_few_pages_once_it_is_gathered() -> None:
    """300 scattered functions cost a forked process a page each, and a few dozen pages when gathered."""
    scattered, gathered = _private_kib("scattered"), _private_kib("gathered")
    assert scattered - gathered > 200 * 4, (scattered, gathered)


def test_a_bot_is_rehearsed_and_everything_frozen() -> None:
    """The forkserver's preload plays a bot, and leaves what it has made out of the collector's sight."""
    words = (
        "import gc, sys; from droas_child.preload import rehearsed; "
        "print(rehearsed, gc.get_freeze_count() > 50_000, 'rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "False"]
