"""Where a process is cut off: at a line of the product, named so that it can be found again.

``append:ledger/ledger.py:102#2`` is the second time that line 102 runs while a record is being
appended. The lines are those that a run really went over, asked of the interpreter.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import fairness_audit

PACKAGE: Final = f"{Path(fairness_audit.__file__).parent}{os.sep}"

_TRACED = (
    "files.py",
    "ledger/",
    "records/signed/dsse.py",
    "steps/extract/",
    "steps/gate/",
    "steps/measure/figures/table.py",
    "steps/publish/appending.py",
    "steps/publish/publish.py",
)

# What a function does decides the section that its lines are in, and those of all it calls.
_SECTIONS = {
    ("ledger/ledger.py", "append"): "append",
    ("ledger/heads.py", "add"): "head",
    ("steps/publish/appending.py", "_write"): "file",
    ("steps/gate/asking.py", "ask"): "decide",
    ("steps/gate/asking.py", "apply"): "alias",
}
_STEPS = {"extract": "extract", "measure": "parquet", "publish": "between", "gate": "hold"}


class Tracer:
    """Names each line that runs, and asks what is to be done there."""

    def __init__(self, reached: Callable[[str], None]) -> None:
        self._reached = reached
        self._step = ""
        self._sections: list[str] = []
        self._times: Counter[str] = Counter()

    def step(self, name: str) -> None:
        """Another step begins."""
        self._step = _STEPS.get(name, name.partition(" ")[0])

    def start(self) -> None:
        sys.settrace(self._call)

    def _call(self, frame: FrameType, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(PACKAGE) or not file[len(PACKAGE) :].startswith(_TRACED):
            return None
        name = file[len(PACKAGE) :]
        section = _SECTIONS.get((name, frame.f_code.co_name))
        if section is not None:
            self._sections.append(section)

        def line(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                self._at(name, frame.f_lineno)
            elif event == "return" and section is not None:
                self._sections.pop()
            return line

        return line

    def _at(self, name: str, number: int) -> None:
        section = self._sections[-1] if self._sections else self._step
        place = f"{section}:{name}:{number}"
        self._times[place] += 1
        self._reached(f"{place}#{self._times[place]}")


def die() -> None:
    """Nothing is cleaned up, as when the kernel is out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)
