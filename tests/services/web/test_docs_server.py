"""The Data Docs server, over a real socket, as its own process."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests import CHECKOUT

PLUGINS = CHECKOUT / "plugins"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Server:
    port: int
    docs: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path exactly as written: no client that tidies it up is in between."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read().decode(),
            )
        finally:
            connection.close()


@contextmanager
def serving(state: Path) -> Iterator[Server]:
    home = state / "home"
    for folder in ("expectations", "sql"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "fairness_audit.web.docs_server", "--port", str(port)],
        env=os.environ
        | {
            "PYTHONPATH": str(PLUGINS),
            "FAIRNESS_AUDIT_HOME": str(home),
            "FAIRNESS_AUDIT_STATE": str(state),
        },
    )
    server = Server(port, state / "data_docs")
    try:
        _until_healthy(server, process)
        yield server
    finally:
        process.terminate()
        assert process.wait(timeout=10) in (0, -15), "the server must stop when it is told to"


def _until_healthy(server: Server, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended at once"
        try:
            if server.ask("/healthz").status == 200:
                return
        except ConnectionError:
            time.sleep(0.05)
    raise AssertionError("the server did not become healthy")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over a small site with everything beside it that must not be seen."""
    state = tmp_path_factory.mktemp("state")
    docs = state / "data_docs"
    (docs / "lead_scoring").mkdir(parents=True)
    (docs / "empty").mkdir()
    (docs / "index.html").write_text("<h1>All audits</h1>")
    (docs / "lead_scoring" / "index.html").write_text("<h1>Lead scoring</h1>")
    (docs / "chart.js").write_text("draw()")
    (docs / ".index.html.1f.part").write_text("half a page")
    (docs / "inside.html").symlink_to("index.html")
    (state / "record.json").write_text("outside the pages")
    (docs / "outside.json").symlink_to(state / "record.json")
    (docs / "out").symlink_to(state)
    with serving(state) as running:
        yield running


def test_pages_are_served(server: Server) -> None:
    assert server.ask("/").body == "<h1>All audits</h1>"
    assert server.ask("/lead_scoring/").body == "<h1>Lead scoring</h1>"
    script = server.ask("/chart.js")
    assert (script.status, script.headers["content-type"].split(";")[0]) == (
        200,
        "text/javascript",
    )


def test_a_link_that_stays_inside_is_followed(server: Server) -> None:
    assert server.ask("/inside.html").body == "<h1>All audits</h1>"


@pytest.mark.parametrize(
    "path",
    [
        "/../record.json",
        "/lead_scoring/../../record.json",
        "/%2e%2e/record.json",
        "/..%2frecord.json",
        "/..%5crecord.json",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/outside.json",
        "/out/record.json",
        "/.index.html.1f.part",
        "/index.html%00.js",
        "/" + "x" * 5000,
    ],
)
def test_nothing_beside_the_pages_is_served(server: Server, path: str) -> None:
    answer = server.ask(path)
    assert answer.status == 404
    assert "outside the pages" not in answer.body
    assert "There is no such page" in answer.body


def test_a_folder_is_not_listed(server: Server) -> None:
    assert server.ask("/empty/").status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_site_can_only_be_read(server: Server, method: str) -> None:
    assert server.ask("/index.html", method=method).status == 405


@pytest.mark.parametrize("path", ["/", "/healthz", "/chart.js", "/missing"])
def test_every_answer_confines_the_page(server: Server, path: str) -> None:
    headers = server.ask(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "http" not in headers["content-security-policy"]


def test_an_unchanged_page_is_not_sent_twice(server: Server) -> None:
    first = server.ask("/chart.js")
    again = server.ask("/chart.js", **{"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, "")


def test_before_the_first_audit_a_page_says_so(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        answer = server.ask("/")
        assert answer.status == 404
        assert "No audit has run yet" in answer.body
        server.docs.mkdir()
        (server.docs / "index.html").write_text("<h1>All audits</h1>")
        assert server.ask("/").body == "<h1>All audits</h1>"
