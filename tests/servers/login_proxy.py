"""An HTTP server before an MLflow server that lets in who shows the right login."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.servers.handling import Handler


class _Proxy(ThreadingHTTPServer):
    def __init__(self, behind: str, login: str | None) -> None:
        self.behind = behind
        self.login = login
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(Handler):
    server: _Proxy

    def do_GET(self) -> None:
        if self.server.login in (None, self.headers["Authorization"]):
            answer = httpx.get(self.server.behind + self.path, timeout=30)
            self.answer(answer.status_code, answer.content)
        else:
            self.answer(401, b"who are you?")


@contextmanager
def login_proxy(
    behind: str, *, login: str | None = None, tls: tuple[Path, Path] | None = None
) -> Iterator[str]:
    """The address of the server, while the block runs; ``tls`` are its certificate and key."""
    with _Proxy(behind, login) as server:
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
