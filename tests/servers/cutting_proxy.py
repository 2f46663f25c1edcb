"""A TCP proxy before a PostgreSQL server that fails after so many bytes of the server's answers.

``cut`` closes the connection, as a dying server does; ``hold`` keeps it open and says no more.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CHUNK = 1 << 14


@contextmanager
def cutting_proxy(uri: str, *, after: int, then: Literal["cut", "hold"] = "cut") -> Iterator[str]:
    """Yield an address that leads to ``uri`` for ``after`` bytes of each connection's answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = _Proxy(listener, uri, after, then)
        accepting = threading.Thread(target=proxy.accept)
        accepting.start()
        port = listener.getsockname()[1]
        try:
            # Plain text only: the server's bytes are what is counted.
            yield make_conninfo(
                uri, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable"
            )
        finally:
            proxy.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


@dataclass(frozen=True)
class _Proxy:
    listener: socket.socket
    uri: str
    after: int
    then: str
    over: threading.Event = field(default_factory=threading.Event)

    def accept(self) -> None:
        """Serve every client in a thread of its own until the listener is shut down."""
        serving: list[threading.Thread] = []
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                serving.append(threading.Thread(target=self._serve, args=(client,)))
                serving[-1].start()
        for thread in serving:
            thread.join()

    def _serve(self, client: socket.socket) -> None:
        with client, _connected(self.uri) as server:
            forwarding = threading.Thread(target=_forward, args=(client, server))
            forwarding.start()
            if self._answer(server, client) and self.then == "hold":
                self.over.wait()
            for connection in (client, server):
                with suppress(OSError):  # the other side may have gone first
                    connection.shutdown(socket.SHUT_RDWR)
            forwarding.join()

    def _answer(self, server: socket.socket, client: socket.socket) -> bool:
        """Pass the server's answers on; True when the last allowed byte was passed."""
        left = self.after
        with suppress(OSError):
            while left and (chunk := server.recv(min(_CHUNK, left))):
                client.sendall(chunk)
                left -= len(chunk)
        return left == 0


def _connected(uri: str) -> socket.socket:
    address = conninfo_to_dict(uri)
    host, port = str(address.get("host", "127.0.0.1")), int(address.get("port") or 5432)
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{host}/.s.PGSQL.{port}")
    return server


def _forward(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while chunk := client.recv(_CHUNK):
            server.sendall(chunk)
    with suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
