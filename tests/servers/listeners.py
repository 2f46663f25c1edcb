"""Servers on real sockets that take what people are told: SMTP, and a chat's webhook."""

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Mailbox:
    """What an SMTP server was given. It answers the first ``failures`` connections with 421."""

    port: int = 0
    failures: int = 0
    connections: int = 0
    recipients: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)


@dataclass
class Chat:
    """What a webhook was sent: path and text. It answers with ``statuses`` in turn, then 200."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    asked: int = 0
    messages: list[tuple[str, str]] = field(default_factory=list)
    waits_for: threading.Event | None = None


@contextmanager
def mailbox(failures: int = 0) -> Iterator[Mailbox]:
    """An SMTP server without encryption or login."""
    box = Mailbox(failures=failures)

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            box.connections += 1
            if box.connections <= box.failures:
                self._say("421 come back later")
                return
            self._say("220 here")
            while line := self.rfile.readline():
                if not self._answered(line.strip()):
                    return

        def _answered(self, line: bytes) -> bool:
            verb = line[:4].upper()
            if verb == b"RCPT":
                box.recipients.append(line.decode().partition("<")[2].rstrip(">"))
            if verb == b"DATA":
                self._say("354 go on")
                content = b"".join(iter(self.rfile.readline, b".\r\n"))
                box.mails.append(message_from_bytes(content, policy=policy.default))
            self._say("221 bye" if verb == b"QUIT" else "250 ok")
            return verb != b"QUIT"

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with _running(lambda: _Server(("127.0.0.1", 0), Session)) as port:
        box.port = port
        yield box


@contextmanager
def chat(*statuses: int, waits_for: threading.Event | None = None) -> Iterator[Chat]:
    """A webhook that takes messages."""
    heard = Chat(statuses=list(statuses), waits_for=waits_for)

    class Session(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.asked += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if heard.waits_for is not None:
                heard.waits_for.wait(30)
            status = heard.statuses.pop(0) if heard.statuses else 200
            if status == 200:
                heard.messages.append((self.path, json.loads(body)["text"]))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with _running(lambda: ThreadingHTTPServer(("127.0.0.1", 0), Session)) as port:
        heard.port = port
        yield heard


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def _running(make: Callable[[], socketserver.TCPServer]) -> Iterator[int]:
    with make() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
