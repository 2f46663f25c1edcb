"""A vendor's API on a real socket of this machine."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

from fairness_audit.errors import SettingsError

_STARTS_WITHIN = 20.0


@contextlib.contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    """Yield the address of an ASGI app, which a thread serves until the context ends.

    Raises:
        SettingsError: it does not start.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        deadline = time.monotonic() + _STARTS_WITHIN
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise SettingsError("the vendor's API did not start")
            time.sleep(0.01)
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(_STARTS_WITHIN)
