"""Artifacts that do what they please, in the process that scores: none gets anything out of it."""

import json
import multiprocessing
import os
import platform
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairness_audit.errors import ScoringError
from fairness_audit.policy.candidate import CONFINEMENTS, REQUIRED
from fairness_audit.steps.score import landlock, process, seccomp
from fairness_audit.steps.score.child import one_score_each, write
from fairness_audit.steps.score.process import Confined, Host, Workplace, score
from fairness_audit.steps.score.resources import Limits
from fairness_audit.steps.score.scores import Floats, read_scores
from fairness_audit.steps.score.stored_artifact import PLACE, remove_left_homes
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
NO_NAMESPACES = """
from fairness_audit.steps.score import namespaces
def enter(**_):
    raise OSError(1, 'unshare: Operation not permitted')
namespaces.enter = enter
"""
"""What a container's runtime does mostly."""


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


def scored(place: Workplace, limits: Limits = QUICK, **beside: Any) -> Floats:
    score(place, limits, Host(**beside))
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


def waited(happens: Callable[[], object]) -> None:
    """Come back when something has happened, which it does within seconds."""
    until = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.02)


def children_of(pid: int | None) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


# --- an honest artifact -------------------------------------------------------------------------


def test_an_honest_pipeline_scores_as_it_does_at_home(place: Workplace, tmp_path: Path) -> None:
    import mlflow

    honest(place.artifact)
    held, missing = score(place, QUICK, Host([a_key(tmp_path)]))
    found = read_scores(place.scores, len(FRAME), BOUNDS)
    expected = mlflow.pyfunc.load_model(str(place.artifact)).predict(FRAME)[:, 1]
    assert np.array_equal(found, expected)
    assert {*held} >= {*REQUIRED}
    assert not {*held} & {*missing}


# --- a hostile artifact, which tries all of it in one process -----------------------------------

FAMILIES = ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_VSOCK", "AF_PACKET")
AS_IT_SHOULD = "raise PermissionError(1, 'as it should be')"
CALLED = (
    "import ctypes, platform\n"
    "number = {{'x86_64': {x86_64}, 'aarch64': {aarch64}}}[platform.machine()]\n"
    "if ctypes.CDLL(None, use_errno=True).syscall(number, {arguments}) == -1:\n"
    "    if ctypes.get_errno() in (1, 38):  # EPERM, ENOSYS\n"
    "        raise PermissionError(1, 'as it should be')\n"
    "    raise ValueError(ctypes.get_errno())"
)
"""A call by its number; without the filter it fails otherwise, or does not."""
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
        "try:\n    os.setuid(1)\nexcept OSError as error:\n"
        f"    if error.errno in (1, 22):  # to EINVAL nobody of that number is there\n"
        f"        {AS_IT_SHOULD}\n    raise",
        "import ctypes\nfor option in (1,):  # PR_SET_PDEATHSIG\n"
        "    if ctypes.CDLL(None).prctl(option, 0, 0, 0, 0) == -1:\n"
        f"        {AS_IT_SHOULD}",
    ],
    "signal whom it names": [
        "import fcntl\nfcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid())",
        "import fcntl, struct\n"
        "fcntl.fcntl(os.pipe()[0], 15, struct.pack('ii', 1, os.getppid()))  # F_SETOWN_EX",
        "import fcntl\nfcntl.fcntl(os.pipe()[0], fcntl.F_SETSIG, 9)",
        "import fcntl, struct\nfcntl.ioctl(os.pipe()[0], 0x5452, struct.pack('i', 1))  # FIOASYNC",
        *(
            f"import fcntl, struct\nfcntl.ioctl(0, {what}, struct.pack('i', os.getppid()))"
            for what in ("0x8901", "0x8902", "0x5410", "0x5412")  # FIOSETOWN … TIOCSTI
        ),
    ],
    # Itself too: whom of the others it could is a question of whose they are.
    "slow others down": [
        *(
            attempt.format(whom=whom)
            for whom in ("0", "os.getppid()")
            for attempt in (
                "os.setpriority(os.PRIO_PROCESS, {whom}, 10)",
                "os.sched_setaffinity({whom}, os.sched_getaffinity(0))",
                "os.sched_setscheduler({whom}, os.SCHED_BATCH, os.sched_param(0))",
                "os.sched_setparam({whom}, os.sched_param(0))",
            )
        ),
        "os.setpriority(os.PRIO_USER, os.getuid(), 10)",
        CALLED.format(x86_64=314, aarch64=274, arguments="0, ATTRIBUTES, 0"),
        CALLED.format(x86_64=251, aarch64=30, arguments="1, 0, 3 << 13"),
    ],
    "have memory that nobody counts": [
        "os.memfd_create('three thousand mebibytes')",
        CALLED.format(x86_64=447, aarch64=447, arguments="0"),
        "import fcntl\nfcntl.fcntl(os.pipe()[1], 1031, 1 << 20)  # F_SETPIPE_SZ",
    ],
    "watch": [
        f"import ctypes\nif ctypes.CDLL(None).inotify_init1(0) == -1:\n    {AS_IT_SHOULD}",
        CALLED.format(x86_64=300, aarch64=262, arguments="0x200, 0"),
        "import fcntl\nfcntl.fcntl(os.open('.', os.O_RDONLY), fcntl.F_NOTIFY, 1)",
    ],
    "change what lies around files": [
        "os.utime(SECRET, (0, 0))",
        CALLED.format(x86_64=463, aarch64=463, arguments="-100, FILE, 0, b'user.x', 0"),
        CALLED.format(x86_64=469, aarch64=469, arguments="-100, FILE, bytes(24), 24, 0"),
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
OF_NAMESPACES = {
    "fill the disk with many files": [
        "try:\n    for each in range(9):\n"
        "        with open(f'many-{each}', 'wb') as file:\n"
        "            file.write(bytes(3 << 20))\n"
        f"except OSError as error:\n    if error.errno == 28:  # ENOSPC\n        {AS_IT_SHOULD}\n"
        "    raise",
        "try:\n    for each in range(100_000):\n        open(f'empty-{each}', 'w').close()\n"
        f"except OSError as error:\n    if error.errno == 28:  # ENOSPC\n        {AS_IT_SHOULD}\n"
        "    raise",
    ],
    "see what it may not read": [
        "os.stat(SECRET)",
        "os.stat(os.path.dirname(SECRET))",
        "os.stat('/etc/passwd')",
        "os.stat('/proc/' + str(os.getppid()))",
        "os.chdir(os.path.dirname(SECRET))",
        "if os.access('/etc/passwd', os.F_OK):\n    raise ValueError\n" + AS_IT_SHOULD,
    ],
}
WORKS = "open('mine', 'w').write('its home is its own')"
MAY = (
    "from concurrent.futures import ThreadPoolExecutor",
    "with ThreadPoolExecutor(4) as pool:",
    "    told['threads'] = sum(pool.map(len, ['four'] * 40))",
    "told['environment'] = dict(os.environ)",
    "told['bomb'] = os.path.getsize('bomb')",
)


@dataclass(frozen=True)
class Tried:
    """What the hostile artifact could do, where it was, what it was after, what confined it."""

    told: dict[str, Any]
    scores: Floats
    place: Workplace
    key: Path
    confined: Confined


@pytest.fixture(scope="module", params=["namespaces", "no namespaces"])
def tried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    place = a_place(tmp_path_factory.mktemp("hostile"))
    key = a_key(place.folder.parent)
    limits = replace(QUICK, memory_bytes=3 << 30, file_bytes=1 << 22, home_bytes=1 << 24)
    with a_home() as port, pytest.MonkeyPatch.context() as patch:
        for name in (
            "AIRFLOW__CORE__FERNET_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "MLFLOW_TRACKING_TOKEN",
        ):
            patch.setenv(name, SECRET)
        calling = f"import socket\nsocket.create_connection(('127.0.0.1', {port}))"
        tries = TRIES | {"call home": [calling], "write in its home": [WORKS]}
        if request.param == "namespaces":
            tries |= OF_NAMESPACES
        else:
            without_namespaces(patch)
        own = f"PLACE = {str(place.folder)!r}\nFILE = SECRET.encode()\n"
        own += "ATTRIBUTES = bytes([48] + [0] * 15 + [19] + [0] * 31)  # nice\n"
        saved(place.artifact, own + telling(tries, *MAY), secret=key)
        confined = score(place, limits, Host())
        if request.param == "namespaces" and "namespaces" in confined.missing:
            pytest.skip("there are no namespaces here")
        scores = read_scores(place.scores, len(FRAME), BOUNDS)
    printed = place.printed.read_text().splitlines()
    return Tried(json.loads(printed[-1]), scores, place, key, confined)


@pytest.mark.parametrize("what", [*TRIES, "call home", *OF_NAMESPACES])
def test_none_of_it_works(what: str, tried: Tried) -> None:
    assert tried.told.get(what, []) == []


def test_what_works_is_told(tried: Tried) -> None:
    assert tried.told["write in its home"] == [WORKS]


def test_who_swallows_the_refusals_scores_all_the_same(tried: Tried) -> None:
    assert set(tried.scores) == {0.25}


def test_the_key_and_its_own_files_are_as_they_were(tried: Tried) -> None:
    assert tried.key.read_text() == SECRET
    assert tried.key.stat().st_mode & 0o777 == 0o600
    assert tried.key.stat().st_mtime > 1
    assert [path.name for path in tried.key.parent.iterdir()] == [tried.key.name]
    assert tried.place.features.exists()


def test_nothing_of_its_home_is_left(tried: Tried) -> None:
    assert tried.told["bomb"] == 1 << 22
    assert not tried.place.home.exists()


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
    giving = "for each in range(3, 99):\n    try:\n        os.pwrite(each, bytes(640), 0)\n"
    saved(place.artifact, f"{giving}    except OSError:\n        pass\nos._exit(0)")
    assert "another order" in refused(place)


# --- how the parent ends it, whatever runs in there ---------------------------------------------

CONFINED = 'os.write(job[\'told\'], b\'{"held": ["seccomp"], "missing": {}}\')\n'


def without_namespaces(patch: pytest.MonkeyPatch) -> None:
    """As where a container's runtime allows none."""
    start = process._START.replace("; ", "\n")
    imports = "from fairness_audit.steps.score.child import main\n"
    assert imports in start
    patch.setattr(process, "_START", start.replace(imports, NO_NAMESPACES + imports))


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
        (CONFINED + "os._exit(0)", "gave 0 bytes of scores"),
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


WRITING = CONFINED + (
    "os.chdir(job['home'])\n"
    "import time\n"
    "for each in range(1000):\n"
    "    with open(f'{each}', 'wb') as file:\n"
    "        file.write(bytes(1 << 20))\n"
    "    time.sleep(0.01)\n"
)
HIDING = CONFINED + (
    "os.chdir(job['home'])\n"
    "import time\n"
    "kept = []\n"
    "for each in range(200):\n"
    "    kept.append(open('one', 'wb'))\n"
    "    kept[-1].write(bytes(1 << 20))\n"
    "    kept[-1].flush()\n"
    "    os.unlink('one')\n"
    "    time.sleep(0.01)\n"
)
NESTING = CONFINED + (
    "os.chdir(job['home'])\n"
    "import time\n"
    "for each in range(3000):\n"
    "    os.mkdir('nested')\n"
    "    os.chdir('nested')\n"
    "time.sleep(60)\n"
)
THREADS = CONFINED + (
    "import threading, time\n"
    "threading.stack_size(1 << 16)\n"
    "for each in range(300):\n"
    "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    "time.sleep(60)\n"
)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (WRITING, "wrote more than the 67,108,864 bytes that its home may hold"),
        (HIDING, "wrote more than the 67,108,864 bytes that its home may hold"),
        (NESTING, "its files cannot be counted"),
        (THREADS, "started more than the 200 threads that it may"),
    ],
    ids=["many files", "removed and open", "nested", "threads"],
)
def test_what_the_kernel_does_not_bound_is_watched(
    program: str, said: str, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where there are no namespaces: files of a mebibyte each, in a home of 64."""
    a_child(monkeypatch, program)
    limits = replace(QUICK, file_bytes=1 << 20, home_bytes=1 << 26, threads=200)
    assert said in refused(place, limits)
    assert not place.home.exists()


def test_of_what_it_prints_the_beginning_is_kept(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_child(monkeypatch, CONFINED + "os.write(1, b'first' + bytes(1 << 22))\nos._exit(77)")
    assert "code 77" in refused(place)
    assert place.printed.stat().st_size == 1 << 20
    assert place.printed.read_bytes().startswith(b"first")


def test_it_ends_with_who_started_it(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is killed leaves neither a process nor, where there are namespaces, files."""
    waiting = "sys.path.append(sys.argv[1])\nimport time\n"
    waiting += "from fairness_audit.steps.score.child import _confine\n_confine(job)\n"
    waiting += "open('rows', 'w').write('of people')\nprint('it waits', flush=True)\n"
    a_child(monkeypatch, waiting + "time.sleep(600)")
    worker = multiprocessing.get_context("fork").Process(target=scored, args=(place,))
    worker.start()
    waited(lambda: place.printed.exists() and "it waits" in place.printed.read_text())
    (child,) = children_of(worker.pid)
    is_elsewhere = Path(f"/proc/{child}/ns/mnt").readlink() != Path("/proc/self/ns/mnt").readlink()
    worker.kill()
    worker.join()
    waited(lambda: not Path(f"/proc/{child}").exists())
    assert bool([*place.home.iterdir()]) is not is_elsewhere


def test_what_a_killed_worker_left_is_removed_at_night(tmp_path: Path) -> None:
    left, new = (Workplace(tmp_path / "model" / run / PLACE) for run in ("left", "new"))
    for place in (left, new):
        (place.home / "deep").mkdir(parents=True)
        (place.home / "deep" / "rows").write_text("of people")
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(left.home, (long_ago, long_ago))
    now = datetime.now(UTC)
    assert remove_left_homes(tmp_path, now) == (left.home,)
    assert not left.home.exists()
    assert new.home.exists()
    assert remove_left_homes(tmp_path, now) == ()


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
    write([given], os.open(tmp_path / "scores.bin", os.O_CREAT | os.O_WRONLY))
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


# --- what the policy wants ----------------------------------------------------------------------


def test_what_is_missing_is_told_and_the_rest_is_enough_for_the_default(tried: Tried) -> None:
    assert {*REQUIRED} < {*tried.confined.held}
    found = {each for each in tried.confined.held if each in CONFINEMENTS}
    assert {*tried.confined.missing} == {*CONFINEMENTS} - found
    assert "cgroup" in tried.confined.missing


def test_where_mounts_are_refused_in_the_middle_the_rest_holds(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As AppArmor does: the namespaces are there, and nothing may be mounted in them."""
    refusing = "sys.path.append(sys.argv[1])\n"
    refusing += "from fairness_audit.steps.score import namespaces\n"
    refusing += "def refuse(root):\n    raise OSError(13, 'Permission denied')\n"
    refusing += "namespaces._make_root = refuse\n"
    refusing += "from fairness_audit.steps.score.child import _confine\n_confine(job)\n"
    refusing += "assert os.stat('/etc/passwd')\nopen('mine', 'w').write('its own')\n"
    a_child(monkeypatch, refusing + "os._exit(0)")
    held, missing = score(place, QUICK, Host())
    assert {*REQUIRED} <= {*held}
    assert "namespaces" in missing


def test_where_one_that_is_required_does_not_hold_nothing_is_run(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_namespaces(monkeypatch)
    saved(place.artifact, ONES, loaded="print('loaded')")
    with pytest.raises(ScoringError) as raised:
        score(place, QUICK, Host(), (*REQUIRED, "namespaces"))
    assert (
        "does not hold here: namespaces: unshare: Operation not permitted (docs/gate.md says what"
        " each takes; give it to this machine, or take it out of candidate.confinement of the"
        " policy); nothing of the artifact was run"
    ) in str(raised.value)
    assert "loaded" not in place.printed.read_text()


def test_a_group_that_is_required_and_cannot_be_made_is_named(
    place: Workplace, tmp_path: Path
) -> None:
    for cgroups, said in (
        (None, "cgroup: FAIRNESS_AUDIT_SCORING_CGROUPS names no folder of groups"),
        (tmp_path, "cgroup: FAIRNESS_AUDIT_SCORING_CGROUPS: .* has no controller of memory"),
        (tmp_path / "none", "cgroup: FAIRNESS_AUDIT_SCORING_CGROUPS: .* No such file"),
    ):
        with pytest.raises(ScoringError, match=said):
            score(place, QUICK, Host(cgroups=cgroups), ("cgroup",))
    assert not place.printed.exists()


CGROUPS = Path("/sys/fs/cgroup/memory")


@pytest.mark.skipif(
    not (os.access(CGROUPS, os.W_OK) and (CGROUPS / "memory.limit_in_bytes").exists()),
    reason="there are no control groups of memory here that this user may make",
)
def test_a_group_bounds_what_limits_of_a_process_do_not(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    joining = "sys.path.append(sys.argv[1])\nfrom pathlib import Path\n"
    joining += "from fairness_audit.steps.score import cgroup\ncgroup.join(Path(job['group']))\n"
    hoarding = "held = bytearray(os.urandom(1 << 20)) * 400\nos._exit(0)\n"
    a_child(monkeypatch, joining + CONFINED + hoarding)
    limits = replace(QUICK, memory_bytes=1 << 26, home_bytes=1 << 26)
    with pytest.raises(ScoringError, match="it used more memory"):
        score(place, limits, Host(cgroups=CGROUPS))
    assert not list(CGROUPS.glob("fairness-audit-*"))


# --- where it cannot be confined ----------------------------------------------------------------


def test_a_key_among_pythons_own_files_is_noticed_before_anything_runs(place: Workplace) -> None:
    saved(place.artifact, ONES, loaded="open('loaded', 'w')")
    readable = Path(np.__file__)
    with pytest.raises(ScoringError, match=f"{readable} can be read.*nothing of the artifact"):
        score(place, QUICK, Host([readable]))
    assert not (place.home / "loaded").exists()


def test_a_machine_that_cannot_limit_memory_scores_nothing(place: Workplace) -> None:
    saved(place.artifact, ONES)
    with pytest.raises(ScoringError):
        score(place, replace(QUICK, memory_bytes=1 << 20), Host())
