"""Processes that are forked, tell what they do over a pipe, and may be killed."""

import json
import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[..., None]
Work = Callable[[Tell], None]


@dataclass
class Child:
    """A forked process."""

    pid: int
    pipe: int
    said: list[list[Any]] = field(default_factory=list)
    status: int | None = None
    _rest: bytes = b""

    @classmethod
    def forked(cls, work: Work) -> "Child":
        """Run ``work`` in a copy of this process; what it tells can be read here."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writing)
            return cls(pid, reading)
        code = 1
        try:
            os.close(reading)

            def tell(*words: Any) -> None:
                os.write(writing, json.dumps(words).encode() + b"\n")

            try:
                work(tell)
                code = 0
            except BaseException as error:
                tell("error", type(error).__name__, str(error), traceback.format_exc())
        finally:
            os._exit(code)

    def until(self, word: str) -> bool:
        """Wait until it has said this; False if it ended before."""
        while not any(each[0] == word for each in self.said):
            if not self._read(None):
                return False
        return True

    def for_seconds(self, seconds: float) -> None:
        """Listen for so long, or until it ends."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._read(left):
            pass

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def ended(self) -> "Child":
        """Wait for its end."""
        while self._read(None):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        os.close(self.pipe)
        return self

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL

    def all(self, word: str) -> list[list[Any]]:
        return [each[1:] for each in self.said if each[0] == word]

    @property
    def errors(self) -> list[str]:
        return [f"{kind}: {message}" for kind, message, _ in self.all("error")]

    def _read(self, seconds: float | None) -> bool:
        ready, _, _ = select.select([self.pipe], [], [], seconds)
        if not ready:
            return True
        chunk = os.read(self.pipe, 1 << 16)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self.said += [json.loads(line) for line in lines]
        return bool(chunk)
