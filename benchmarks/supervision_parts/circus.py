"""Circus, as its documentation sets it up, and once with its check as quick as it goes."""

import json
from collections.abc import Callable
from shlex import join

import zmq

from supervision_parts.contestant import BOTS, Contestant
from supervision_parts.rivals import rival


class Circus(Contestant):
    """One arbiter with a watcher a bot.

    Args:
        name: what its metrics begin with.
        check_delay_s: seconds between two looks at the children.
    """

    def __init__(self, name: str = "circus", check_delay_s: float = 5.0) -> None:
        super().__init__()
        self.name = name
        self._endpoint = f"ipc://{self.folder}/endpoint"
        watchers = [
            f"[watcher:bot{bot}]\ncmd = {join(self.bot_command(bot))}\ncopy_env = True\n"
            for bot in range(BOTS)
        ]
        (self.folder / "circus.ini").write_text(
            f"[circus]\nendpoint = {self._endpoint}\npubsub_endpoint = ipc://{self.folder}/pubsub\n"
            f"check_delay = {check_delay_s}\n" + "".join(watchers)
        )

    def command(self) -> list[str]:
        """Give circusd's command."""
        return [rival("circusd"), str(self.folder / "circus.ini")]

    def status_command(self) -> list[str]:
        """Give circusctl's command."""
        return [rival("circusctl"), "--endpoint", self._endpoint, "status"]

    def status_client(self) -> Callable[[], object]:
        """Give a request on one connection, in Circus's own words."""
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(self._endpoint)

        def ask() -> object:
            socket.send(json.dumps({"id": "1", "command": "status", "properties": {}}).encode())
            return json.loads(socket.recv())["statuses"]

        return ask
