"""supervisord, as its documentation sets it up."""

import http.client
import socket
import xmlrpc.client
from collections.abc import Callable
from shlex import join

from supervision_parts.contestant import BOTS, Contestant
from supervision_parts.rivals import rival


class _Local(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket, opened again when the other side closes it."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class Supervisord(Contestant):
    """One supervisord with a program a bot."""

    name = "supervisord"

    def __init__(self) -> None:
        super().__init__()
        self._socket = f"{self.folder}/supervisor.sock"
        self._configuration = self.folder / "supervisord.conf"
        programs = [
            f"[program:bot{bot}]\ncommand = {join(self.bot_command(bot))}\nautorestart = true\n"
            for bot in range(BOTS)
        ]
        self._configuration.write_text(
            f"[unix_http_server]\nfile = {self._socket}\n"
            f"[supervisord]\nnodaemon = true\nlogfile = {self.folder}/supervisord.out\n"
            f"pidfile = {self.folder}/supervisord.pid\nchildlogdir = {self.folder}\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl = unix://{self._socket}\n" + "".join(programs)
        )

    def command(self) -> list[str]:
        """Give supervisord's command."""
        return [rival("supervisord"), "-c", str(self._configuration)]

    def status_command(self) -> list[str]:
        """Give supervisorctl's command."""
        return [rival("supervisorctl"), "-c", str(self._configuration), "status"]

    def status_client(self) -> Callable[[], object]:
        """Give a request on one connection, in XML-RPC."""
        connection = _Local(self._socket)
        body = xmlrpc.client.dumps((), "supervisor.getAllProcessInfo")

        def ask() -> object:
            connection.request("POST", "/RPC2", body=body, headers={"Content-Type": "text/xml"})
            return xmlrpc.client.loads(connection.getresponse().read())[0]

        return ask
