"""Artifacts that do what they please, in the process that scores: none gets anything out of it."""

import json
import os
import platform
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairness_audit.errors import ScoringError
from fairness_audit.steps.score import landlock, process, seccomp
from fairness_audit.steps.score.child import one_score_each, write
from fairness_audit.steps.score.process import Workplace, score
from fairness_audit.steps.score.resources import Limits
from fairness_audit.steps.score.scores import Floats, read_scores
from tests.builders.artifacts import FRAME, honest, saved, telling

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # MLflow's own, on saving models
    pytest.mark.skipif(
        landlock.version() < 1 or platform.machine() not in seccomp._MACHINES,
        reason="this kernel cannot confine a process",
    ),
]

SECRET = "c4n4ry-9f3e"
QUICK = Limits(seconds=60, cpu_seconds=40)
ONES = "return np.full(len(model_input), 0.5)"
BOUNDS = (Fraction(0), Fraction(1))
EVERYTHING = {"capabilities", "landlock", "rlimits", "seccomp"}


def a_place(folder: Path) -> Workplace:
    place = Workplace(folder / "candidate")
    place.folder.mkdir(parents=True)
    FRAME.to_parquet(place.features)
    return place


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return a_place(tmp_path)


def a_key(folder: Path) -> Path:
    """A signing key, as it lies beside the runs."""
    file = folder / "keys" / "signing.pem"
    file.parent.mkdir()
    file.write_text(SECRET)
    file.chmod(0o600)
    return file


def scored(place: Workplace, limits: Limits = QUICK) -> Floats:
    score(place, limits)
    return read_scores(place.scores, len(FRAME), BOUNDS)


def refused(place: Workplace, limits: Limits = QUICK) -> str:
    """What is said of an artifact that does not score."""
    with pytest.raises(ScoringError) as raised:
        scored(place, limits)
    said = str(raised.value)
    assert SECRET not in said
    assert "Traceback" not in said
    return said


@contextmanager
def a_home() -> Iterator[int]:
    """A port of this machine that an artifact may want to call; nobody must have."""
    with socket.create_server(("127.0.0.1", 0)) as home:
        home.settimeout(0)
        yield home.getsockname()[1]
        with pytest.raises(BlockingIOError):
            home.accept()


# --- an honest artifact -------------------------------------------------------------------------


def test_an_honest_pipeline_scores_as_it_does_at_home(place: Workplace, tmp_path: Path) -> None:
    import mlflow

    honest(place.artifact)
    held = score(place, QUICK, [a_key(tmp_path)])
    found = read_scores(place.scores, len(FRAME), BOUNDS)
    expected = mlflow.pyfunc.load_model(str(place.artifact)).predict(FRAME)[:, 1]
    assert np.array_equal(found, expected)
    assert set(held) > EVERYTHING


# --- a hostile artifact, which tries all of it in one process -----------------------------------

FAMILIES = ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_VSOCK", "AF_PACKET")
AS_IT_SHOULD = "raise PermissionError(1, 'as it should be')"
TRIES = {
    "make a socket": [
        *(f"import socket\nsocket.socket(socket.{family})" for family in FAMILIES),
        "import socket\nsocket.socketpair()",
        "import asyncio\nasyncio.new_event_loop()",
        "import ctypes\nmade = ctypes.CDLL(None).socket(2, 1, 0)\n"
        f"if made == -1:\n    {AS_IT_SHOULD}",
        "import ctypes\nmade = ctypes.CDLL(None).syscall(425, 8, 0)  # io_uring_setup\n"
        f"if made == -1:\n    {AS_IT_SHOULD}",
    ],
    "reach the signing key": [
        "open(SECRET).read()",
        "os.open(SECRET, os.O_RDONLY)",
        "os.listdir(os.path.dirname(SECRET))",
        "os.symlink(SECRET, 'a_link')\nopen('a_link').read()",
        "os.link(SECRET, 'link')",
        "open(SECRET, 'w')",
        "os.truncate(SECRET, 0)",
        "os.chmod(SECRET, 0o666)",
        "os.chown(SECRET, 1, 1)",
        "os.rename(SECRET, 'mine')",
        "os.unlink(SECRET)",
        "open(os.path.dirname(SECRET) + '/new', 'w')",
        "open('/etc/passwd').read()",
        "open('/proc/' + str(os.getppid()) + '/environ').read()",
        "open('/proc/1/environ').read()",
        "open('/etc/hostname')",
    ],
    "change its own files": [
        "open(os.path.join(PLACE, 'artifact', 'MLmodel'), 'a')",
        "os.unlink(os.path.join(PLACE, 'features.parquet'))",
    ],
    "start, end or loosen anything": [
        "while True:\n    os.fork()",
        "os.execv('/bin/sh', ['sh', '-c', 'id'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "import subprocess\nsubprocess.run(['/bin/true'], check=True)",
        "import multiprocessing\nmultiprocessing.Process(target=print).start()",
        "os.kill(os.getppid(), 9)",
        "os.killpg(0, 9)",
        "os.setpriority(os.PRIO_PROCESS, 0, -5)",
        "import resource as r\ntry:\n    r.setrlimit(r.RLIMIT_CPU, (-1, -1))\n"
        f"except ValueError:\n    {AS_IT_SHOULD}",
        "os.chroot('.')",
        "os.setuid(1)",
    ],
    "eat all memory": [
        "try:\n    [np.empty(1 << 28, np.uint8) for _ in range(1000)]\n"
        f"except MemoryError:\n    {AS_IT_SHOULD}",
    ],
    "fill the disk": [
        "try:\n    with open('bomb', 'wb') as file:\n"
        "        [file.write(bytes(1 << 20)) for _ in range(100)]\n"
        f"except OSError as error:\n    if error.errno == 27:  # EFBIG\n        {AS_IT_SHOULD}\n"
        "    raise ValueError(error.errno)",
    ],
}
WORKS = "open('mine', 'w').write('its home is its own')"
MAY = (
    "from concurrent.futures import ThreadPoolExecutor",
    "with ThreadPoolExecutor(4) as pool:",
    "    told['threads'] = sum(pool.map(len, ['four'] * 40))",
    "told['environment'] = dict(os.environ)",
)


@dataclass(frozen=True)
class Tried:
    """What the hostile artifact could do, where it was, and the key it was after."""

    told: dict[str, Any]
    scores: Floats
    place: Workplace
    key: Path


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    place = a_place(tmp_path_factory.mktemp("hostile"))
    key = a_key(place.folder.parent)
    limits = replace(QUICK, memory_bytes=3 << 30, file_bytes=1 << 22)
    with a_home() as port, pytest.MonkeyPatch.context() as patch:
        for name in (
            "AIRFLOW__CORE__FERNET_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "MLFLOW_TRACKING_TOKEN",
        ):
            patch.setenv(name, SECRET)
        calling = f"import socket\nsocket.create_connection(('127.0.0.1', {port}))"
        tries = TRIES | {"call home": [calling], "write in its home": [WORKS]}
        own = f"PLACE = {str(place.folder)!r}\n"
        saved(place.artifact, own + telling(tries, *MAY), secret=key)
        scores = scored(place, limits)
    printed = place.printed.read_text().splitlines()
    return Tried(json.loads(printed[-1]), scores, place, key)


@pytest.mark.parametrize("what", [*TRIES, "call home"])
def test_none_of_it_works(what: str, tried: Tried) -> None:
    assert tried.told[what] == []


def test_what_works_is_told(tried: Tried) -> None:
    assert tried.told["write in its home"] == [WORKS]


def test_who_swallows_the_refusals_scores_all_the_same(tried: Tried) -> None:
    assert set(tried.scores) == {0.25}


def test_the_key_and_its_own_files_are_as_they_were(tried: Tried) -> None:
    assert tried.key.read_text() == SECRET
    assert tried.key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tried.key.parent.iterdir()] == [tried.key.name]
    assert tried.place.features.exists()
    assert (tried.place.home / "bomb").stat().st_size <= 1 << 22


def test_it_inherits_no_variable(tried: Tried) -> None:
    assert "OMP_NUM_THREADS" in tried.told["environment"]
    assert SECRET not in tried.place.printed.read_text()


def test_threads_are_let_through(tried: Tried) -> None:
    assert tried.told["threads"] == 160


# --- artifacts that do not come to an end -------------------------------------------------------


def test_it_cannot_call_home_while_it_is_loaded(place: Workplace) -> None:
    with a_home() as port:
        calling = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
        saved(place.artifact, ONES, loaded=calling)
        assert "could not be loaded" in refused(place)
    assert "PermissionError" in place.printed.read_text()


def test_what_it_prints_is_kept_from_everybody(
    place: Workplace, capfd: pytest.CaptureFixture[str]
) -> None:
    saved(place.artifact, f"print('{SECRET}')\nraise ValueError('{SECRET}')")
    assert "could not score these rows, or gave other than one score for each" in refused(place)
    assert SECRET not in "".join(capfd.readouterr())
    assert SECRET in place.printed.read_text()


def test_it_is_stopped_when_its_processor_time_is_over(place: Workplace) -> None:
    saved(place.artifact, "while True:\n    pass")
    assert "more processor time than it may" in refused(place, replace(QUICK, cpu_seconds=3))


def test_it_cannot_give_scores_of_its_own_making_and_leave(place: Workplace) -> None:
    given = "os.path.join(os.path.dirname(os.getcwd()), 'given', 'scores.bin')"
    saved(place.artifact, f"open({given}, 'wb').write(bytes(640))\nos._exit(0)")
    assert "another order" in refused(place)


# --- how the parent ends it, whatever runs in there ---------------------------------------------

CONFINED = "os.write(job['told'], b'{\"held\": [\"seccomp\"]}')\n"


def a_child(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Another program in place of the child: one that does not take seconds to start."""
    start = f"import json, os, signal, sys\njob = json.loads(sys.argv[2])\n{program}"
    monkeypatch.setattr(process, "_START", start)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (CONFINED + "os._exit(77)", "did not score: it ended with code 77"),
        (
            CONFINED + "os.kill(os.getpid(), signal.SIGKILL)",
            "it used more memory or processor time than there",
        ),
        (CONFINED + "os.kill(os.getpid(), signal.SIGSYS)", "it made a call that is not allowed"),
        (CONFINED + "os._exit(0)", "gave no scores"),
        ("os._exit(0)", "cannot be confined here: it ended with code 0"),
        (
            "os.write(job['told'], b'{\"fault\": \"no Landlock\"}')\nos._exit(0)",
            "cannot be confined here: no Landlock .* nothing of the artifact was run",
        ),
    ],
)
def test_how_it_ended_is_told(
    program: str, said: str, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_child(monkeypatch, program)
    assert re.search(said, refused(place))


def test_it_is_stopped_when_its_time_is_over(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_child(monkeypatch, CONFINED + "import time\ntime.sleep(600)")
    assert "within 1 s and was stopped" in refused(place, replace(QUICK, seconds=1))


# --- what it gives ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("giving", "said"),
    [
        ("np.full(2, np.nan)", "scores that are no numbers"),
        ("np.array([0.5, np.inf])", "scores that are no numbers"),
        ("np.array([1.5, 0.5])", r"scores outside \[0, 1\]"),
        ("np.array([0.5, -1e-9])", r"scores outside \[0, 1\]"),
    ],
)
def test_only_scores_within_bounds_are_taken(giving: str, said: str, tmp_path: Path) -> None:
    given = eval(giving, {"np": np})
    write([given], tmp_path / "scores.bin")
    with pytest.raises(ScoringError, match=said):
        read_scores(tmp_path / "scores.bin", 2, BOUNDS)


@pytest.mark.parametrize(
    "given",
    [
        np.full(3, 0.5),
        np.full(1, 0.5),
        np.full((2, 3), 0.5),
        ["high", "low"],
        pd.DataFrame({"score": [0.1, 0.2]}, index=[1, 0]),
        None,
    ],
)
def test_one_score_for_each_row_is_wanted_in_their_order(given: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        one_score_each(given, 2)


@pytest.mark.parametrize(
    "given",
    [
        np.array([[0.9, 0.1], [0.8, 0.2]]),
        np.array([[0.1], [0.2]]),
        pd.DataFrame({"score": [0.1, 0.2]}),
        pd.Series([0.1, 0.2]),
        [0.1, 0.2],
    ],
)
def test_a_column_or_the_second_of_two_probabilities_is_the_score(given: Any) -> None:
    assert list(one_score_each(given, 2)) == [0.1, 0.2]


@pytest.mark.parametrize(
    ("given", "said"),
    [(bytes(640), "another order"), (bytes(1 << 24), "16777216 bytes"), (b"", "0 bytes")],
)
def test_a_file_that_is_not_one_score_per_row_is_not_read(
    given: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / "scores.bin").write_bytes(given)
    with pytest.raises(ScoringError, match=said):
        read_scores(tmp_path / "scores.bin", 40, BOUNDS)


def test_a_link_in_place_of_scores_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(bytes(16))
    (tmp_path / "scores.bin").symlink_to(elsewhere)
    with pytest.raises(ScoringError, match="gave no scores"):
        read_scores(tmp_path / "scores.bin", 1, BOUNDS)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ScoringError, match="0 bytes of scores"):
        read_scores(tmp_path / "pipe", 1, BOUNDS)


# --- where it cannot be confined ----------------------------------------------------------------


def test_a_key_among_pythons_own_files_is_noticed_before_anything_runs(place: Workplace) -> None:
    saved(place.artifact, ONES, loaded="open('loaded', 'w')")
    readable = Path(np.__file__)
    with pytest.raises(ScoringError, match=f"{readable} can be read.*nothing of the artifact"):
        score(place, QUICK, [readable])
    assert not (place.home / "loaded").exists()


def test_a_machine_that_cannot_limit_memory_scores_nothing(place: Workplace) -> None:
    saved(place.artifact, ONES)
    with pytest.raises(ScoringError):
        score(place, replace(QUICK, memory_bytes=1 << 20))
