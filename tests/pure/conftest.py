"""Nothing under this folder starts a process or talks to a port: whatever tries is stopped.

Who reads the imports sees what a test does itself; this sees also what the product does for it.
"""

import sys
from collections.abc import Iterator

import pytest

STARTS = {
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system",
    "socket.bind", "socket.connect", "subprocess.Popen",
}  # fmt: skip
ABOUT_THE_MACHINE = ("file", "uname")
"""Programs that Python's `platform` asks; libraries want to know when they are imported."""
_running: list[str] = []


def _stop(event: str, given: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and given[0] in ABOUT_THE_MACHINE:
        return
    if event in STARTS and _running:
        raise AssertionError(f"{event} in {_running[-1]}: it belongs to tests/services")


sys.addaudithook(_stop)


@pytest.fixture(autouse=True)
def _nothing_is_started(request: pytest.FixtureRequest) -> Iterator[None]:
    _running.append(request.node.nodeid)
    yield
    _running.pop()
