"""An HTTP server that gives one answer after the other."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from tests.servers.handling import Handler

Answer = tuple[int, str, str]
"""Status, and MLflow's error code and message."""


class Server(ThreadingHTTPServer):
    """Keeps the logins that it was shown."""

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self.answers = list(answers)
        self.logins: list[str | None] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(Handler):
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.logins.append(self.headers["Authorization"])
        status, code, message = self.server.answers.pop(0)
        content = json.dumps({"error_code": code, "message": message}).encode()
        self.answer(status, content)


@contextmanager
def answering(*answers: Answer) -> Iterator[Server]:
    """The server, while the block runs."""
    with Server(answers) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()
