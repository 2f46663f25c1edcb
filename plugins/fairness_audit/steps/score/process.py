"""The parent's side: start the child with nothing it could betray, and end it in time."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fairness_audit.errors import ScoringError
from fairness_audit.files import PACKAGE
from fairness_audit.steps.score.child import NOT_LOADED, NOT_SCORED, NOT_SCORES
from fairness_audit.steps.score.resources import Limits

_LONGEST_TOLD = 4096
_START = (
    "import sys; sys.path.append(sys.argv.pop(1));"
    " from fairness_audit.steps.score.child import main; main()"
)

_ENDED = {
    NOT_LOADED: "it could not be loaded",
    NOT_SCORED: "it could not score these rows, or gave other than one score for each",
    NOT_SCORES: "its scores could not be written",
    -signal.SIGXCPU: "it used more processor time than it may",
    -signal.SIGXFSZ: "it wrote more than it may",
    -signal.SIGSYS: "it made a call that is not allowed",
    -signal.SIGKILL: "it was killed; it used more memory or processor time than there is",
}


@dataclass(frozen=True)
class Workplace:
    """The folders of one scoring, in the run's own folder.

    ``artifact`` and ``features`` are what the child may read, ``given`` and ``home`` are where it
    may write; what it prints is kept in ``printed`` and shown to nobody.
    """

    folder: Path

    @property
    def artifact(self) -> Path:
        """The version's files, as they are scored."""
        return self.folder / "artifact"

    @property
    def features(self) -> Path:
        """What the model takes, one row per decision."""
        return self.folder / "features.parquet"

    @property
    def home(self) -> Path:
        """The child's home, and its folder for temporary files."""
        return self.folder / "home"

    @property
    def scores(self) -> Path:
        """What the child gives: row and score, eight bytes each, little end first."""
        return self.folder / "given" / "scores.bin"

    @property
    def printed(self) -> Path:
        """What the child printed. Rows may be in it: it stays in the run's folder."""
        return self.folder / "printed.txt"


def score(place: Workplace, limits: Limits, hidden: Sequence[Path] = ()) -> tuple[str, ...]:
    """Have the artifact score the features, in a process that is confined.

    Args:
        place: the folders; ``artifact`` and ``features`` are there.
        limits: how much it may use.
        hidden: files that it must not be able to read, such as keys.

    Returns:
        What confined the process, as it said before it read the artifact.

    Raises:
        ScoringError: when the process cannot be confined, or does not end well and in time. The
            message has nothing of what the artifact printed.
    """
    for folder in (place.home, place.scores.parent):
        folder.mkdir(parents=True, exist_ok=True)
    place.scores.unlink(missing_ok=True)
    hears, tells = os.pipe()
    with os.fdopen(hears, "rb") as said:
        with place.printed.open("wb") as printed:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                _command(place, limits, hidden, tells),
                env=_environment(place.home),
                cwd=place.home,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                pass_fds=[tells],
                start_new_session=True,
            )
        os.close(tells)
        code = _code_of(child, limits.seconds)
        told = said.read(_LONGEST_TOLD)
    confined = json.loads(told) if told else {"fault": f"it ended with code {code}"}
    if "held" not in confined:
        raise ScoringError(
            "the process that scores a candidate cannot be confined here:"
            f" {confined['fault']} (it takes Linux 5.13 or newer on x86_64 or aarch64 with"
            " seccomp and Landlock, and keys that lie outside Python's own folders); nothing of"
            " the artifact was run"
        )
    if code != 0:
        why = _ENDED.get(code, f"it ended with code {code}")
        raise ScoringError(
            f"the artifact did not score: {why} (what it printed is in {place.printed}; it has"
            " no network, no other processes and no files but its own)"
        )
    return tuple(confined["held"])


def _command(place: Workplace, limits: Limits, hidden: Sequence[Path], tells: int) -> list[str]:
    job = {
        "artifact": str(place.artifact),
        "features": str(place.features),
        "scores": str(place.scores),
        "home": str(place.home),
        "hidden": [str(path) for path in hidden],
        "limits": limits.as_json(),
        "told": tells,
    }
    return [sys.executable, "-I", "-c", _START, str(PACKAGE.parent), json.dumps(job)]


def _environment(home: Path) -> dict[str, str]:
    """All that the child is told of where it is: nothing is inherited."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return threads | {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "MALLOC_ARENA_MAX": "2",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _code_of(child: subprocess.Popen[bytes], seconds: int) -> int:
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise ScoringError(
            f"the artifact did not score within {seconds} s and was stopped"
        ) from error
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
