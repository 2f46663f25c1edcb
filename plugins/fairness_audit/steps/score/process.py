"""The parent's side: start the child with nothing it could betray, and end it in time."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fairness_audit.errors import ScoringError
from fairness_audit.files import PACKAGE
from fairness_audit.policy.candidate import CONFINEMENTS, REQUIRED
from fairness_audit.settings import SCORING_CGROUPS
from fairness_audit.steps.score import cgroup, quota
from fairness_audit.steps.score.child import NOT_LOADED, NOT_SCORED, NOT_SCORES
from fairness_audit.steps.score.resources import Limits

_LONGEST_TOLD = 4096
_LONGEST_PRINTED = 1 << 20
_OF_THE_PARENT = "quota"
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

    ``artifact`` and ``features`` are what the child may read, ``home`` is where it may write;
    what it prints is kept in ``printed`` and shown to nobody.
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
        return self.folder / "scores.bin"

    @property
    def printed(self) -> Path:
        """What the child printed. Rows may be in it: it stays in the run's folder."""
        return self.folder / "printed.txt"


@dataclass(frozen=True)
class Host:
    """What there is where it scores: files that it must not read, and a place for its group.

    ``cgroups`` is a folder of control groups in which one may be made; None where there is none.
    """

    hidden: Sequence[Path] = ()
    cgroups: Path | None = None


class Confined(NamedTuple):
    """What held a process, by name, and what of all there is did not."""

    held: tuple[str, ...]
    missing: tuple[str, ...]


def score(
    place: Workplace,
    limits: Limits,
    host: Host,
    required: Collection[str] = REQUIRED,
) -> Confined:
    """Have the artifact score the features, in a process that is confined.

    Its home is gone afterwards, however it ends.

    Args:
        place: the folders; ``artifact`` and ``features`` are there.
        limits: how much it may use.
        host: what there is beside it.
        required: what must confine it, or nothing of it is run.

    Returns:
        What confined the process, as it said before it read the artifact.

    Raises:
        ScoringError: when the process is not confined as is required, or does not end well and in
            time. The message has nothing of what the artifact printed.
    """
    with ExitStack() as open_until_the_end:
        group, missing = _group(host.cgroups, limits, open_until_the_end)
        _check_holds(required, missing)
        told, code = _run(place, limits, _Job(host.hidden, group, tuple(required)))
    if "held" not in told:
        fault = told.get("fault", f"it ended with code {code}")
        raise ScoringError(
            "the process that scores a candidate cannot be confined here:"
            f" {fault} (it takes Linux 5.13 or newer on x86_64 or aarch64 with seccomp and"
            " Landlock, and keys that lie outside Python's own folders); nothing of the artifact"
            " was run"
        )
    missing |= told["missing"]
    _check_holds(required, missing)
    if code != 0:
        raise _not_scored(_ENDED.get(code, f"it ended with code {code}"), place)
    return Confined(
        held=tuple(sorted({*told["held"], _OF_THE_PARENT})),
        missing=tuple(name for name in CONFINEMENTS if name in missing),
    )


class _Job(NamedTuple):
    hidden: Sequence[Path]
    group: Path | None
    required: tuple[str, ...]

    def as_json(self, place: Workplace, limits: Limits, scores: int, tells: int) -> str:
        """All that the child is told of what it has to do."""
        return json.dumps(
            {
                "artifact": str(place.artifact),
                "features": str(place.features),
                "home": str(place.home),
                "hidden": [str(path) for path in self.hidden],
                "limits": limits.as_json(),
                "group": None if self.group is None else str(self.group),
                "required": self.required,
                "scores": scores,
                "told": tells,
            }
        )


def _group(
    cgroups: Path | None, limits: Limits, until: ExitStack
) -> tuple[Path | None, dict[str, str]]:
    """A control group, if one can be made; else why not."""
    if cgroups is None:
        return None, {"cgroup": f"{SCORING_CGROUPS.name} names no folder of groups"}
    try:
        return until.enter_context(cgroup.made_in(cgroups, limits)), {}
    except OSError as error:
        return None, {"cgroup": f"{SCORING_CGROUPS.name}: {error}"}


def _check_holds(required: Collection[str], missing: Mapping[str, str]) -> None:
    lacking = [f"{name}: {missing[name]}" for name in sorted(required) if name in missing]
    if lacking:
        raise ScoringError(
            "the policy wants a candidate confined by what does not hold here:"
            f" {'; '.join(lacking)} (docs/gate.md says what each takes; give it to this machine,"
            " or take it out of candidate.confinement of the policy); nothing of the artifact was"
            " run"
        )


def _run(place: Workplace, limits: Limits, job: _Job) -> tuple[dict[str, Any], int]:
    """Run the child to its end: what it told of its confinement, and its code."""
    place.home.mkdir(parents=True, exist_ok=True)
    place.scores.unlink(missing_ok=True)
    hears, tells = os.pipe()
    try:
        with (
            os.fdopen(hears, "rb") as said,
            os.fdopen(tells, "wb") as telling,
            place.scores.open("xb") as scores,
            place.printed.open("wb") as printed,
        ):
            told_to = job.as_json(place, limits, scores.fileno(), tells)
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                [sys.executable, "-I", "-c", _START, str(PACKAGE.parent), told_to],
                env=_environment(place.home),
                cwd=place.home,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                pass_fds=[scores.fileno(), tells],
                start_new_session=True,
            )
            telling.close()
            code = _code_of(child, place, limits)
            told = said.read(_LONGEST_TOLD)
            printed.truncate(min(_LONGEST_PRINTED, os.fstat(printed.fileno()).st_size))
        return json.loads(told) if told else {}, code
    finally:
        quota.remove(place.home)


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


def _code_of(child: subprocess.Popen[bytes], place: Workplace, limits: Limits) -> int:
    until = time.monotonic() + limits.seconds
    try:
        while time.monotonic() < until:
            with suppress(subprocess.TimeoutExpired):
                return child.wait(quota.LOOK_SECONDS)
            if (excess := quota.exceeded(child.pid, place.home, limits)) is not None:
                raise _not_scored(excess, place)
        raise ScoringError(f"the artifact did not score within {limits.seconds} s and was stopped")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _not_scored(why: str, place: Workplace) -> ScoringError:
    return ScoringError(
        f"the artifact did not score: {why} (what it printed is in {place.printed}; it has no"
        " network, no other processes and no files but its own)"
    )
