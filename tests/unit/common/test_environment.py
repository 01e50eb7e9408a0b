"""What a process forgets of its environment is nowhere to be seen: not by it, not by its forks, not in /proc."""

import json
import subprocess
import sys
from textwrap import dedent

_NEEDED = {
    "PATH": "/bin",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONSAFEPATH": "1",
    "SSL_CERT_FILE": "/dev/null",
}
_SECRETS = {
    "BOT_TOKEN": "canary=1",
    "PYTHON_TOKEN": "canary",
    "HTTPS_PROXY": "http://a:canary@127.0.0.1",
    "PATHS": "x",
    "A": "1",
    "NOTHING": "",
    "TEXT": "two\nlines é",
}
_LOOK = dedent("""
    import json, os
    from droas_common.environment import set_aside

    def seen():
        return [dict(os.environ), open("/proc/self/environ", "rb").read().decode()]

    def seen_by_a_fork():
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.write(writing, json.dumps(seen()).encode())
            os._exit(0)
        os.wait()
        return json.loads(os.read(reading, 65536))

    with set_aside():
        inside = [seen(), seen_by_a_fork()]
    print(json.dumps([*inside, seen()]))
""")


def test_what_is_set_aside_comes_back_and_no_fork_has_it() -> None:
    """Secrets are gone while they are set aside, for forks too, and are all there again after it."""
    whole = _NEEDED | _SECRETS
    done = subprocess.run(
        [sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True, env=whole
    )
    inside, fork, after = json.loads(done.stdout)
    for variables, shown in (inside, fork):
        assert variables == _NEEDED
        assert dict(entry.split("=") for entry in shown.split("\0") if entry) == _NEEDED
    assert after[0] == whole
    assert "canary" not in after[1]
