"""A TCP proxy before a PostgreSQL server that fails after so many bytes of the server's answers.

``cut`` closes the connection, as a dying server does; ``hold`` keeps it open and says no more.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CHUNK = 1 << 14


@contextmanager
def cutting_proxy(uri: str, *, after: int, then: Literal["cut", "hold"] = "cut") -> Iterator[str]:
    """Yield an address that leads to ``uri`` for ``after`` bytes of each connection's answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, uri, after, then), daemon=True).start()
    try:
        port = listener.getsockname()[1]
        # Plain text only: the server's bytes are what is counted.
        yield make_conninfo(
            uri, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable"
        )
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, uri: str, after: int, then: str) -> None:
    with suppress(OSError):  # the listener is closed when the test is over
        while True:
            client, _ = listener.accept()
            server = _connect(uri)
            for pump in (
                threading.Thread(target=_forward, args=(client, server), daemon=True),
                threading.Thread(target=_answer, args=(server, client, after, then), daemon=True),
            ):
                pump.start()


def _connect(uri: str) -> socket.socket:
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
    _end(server)


def _answer(server: socket.socket, client: socket.socket, after: int, then: str) -> None:
    with suppress(OSError):
        while after > 0 and (chunk := server.recv(min(_CHUNK, after))):
            client.sendall(chunk)
            after -= len(chunk)
    if after > 0 or then == "cut":
        _end(client)
        _end(server)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
