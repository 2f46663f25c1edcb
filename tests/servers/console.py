"""The console script, in copies of a process that has loaded what a run loads.

Loading Airflow, Great Expectations and MLflow takes several times as long as an audit. A copy
begins with what is loaded and with nothing else: no run, no connection and no thread. It leads a
session of its own and can be killed with its children, as a process that loads all that itself.
"""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from fairness_audit.cli.app import main as script
from fairness_audit.pipeline.local import configure
from fairness_audit.settings import Settings
from tests import CHECKOUT

LOADED = (
    "adbc_driver_postgresql.dbapi", "airflow.dag_processing.dagbag", "airflow.sdk",
    "airflow.sdk.execution_time.task_runner", "altair", "duckdb", "fairlearn.metrics",
    "fairness_audit.pipeline.audit", "fairness_audit.replay", "fairness_audit.steps.validate",
    "great_expectations", "mlflow", "mlflow.store.tracking.sqlalchemy_store", "pandas", "psycopg",
)  # fmt: skip
_LONGEST = 1 << 16


@dataclass
class Run:
    """One run of the console script."""

    pid: int
    stdout: IO[str]
    _ended: IO[str]
    returncode: int = field(init=False)

    def communicate(self) -> str:
        """Wait for its end; what it printed."""
        with self.stdout as lines:
            output = lines.read()
        self.wait()
        return output

    def wait(self) -> None:
        """Wait for its end; ``returncode`` is then as a shell's child has it."""
        with self._ended as ended:
            self.returncode = int(ended.read())


class Console:
    """Starts runs of one installation."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests

    def start(self, *arguments: str, **variables: str) -> Run:
        """Start one, with these changes of its environment; its output can be read as it comes."""
        printed, prints = os.pipe()
        told, tells = os.pipe()
        socket.send_fds(
            self._requests, [json.dumps([arguments, variables]).encode()], [prints, tells]
        )
        os.close(prints)
        os.close(tells)
        ended = os.fdopen(told)
        return Run(int(ended.readline()), os.fdopen(printed), ended)

    def call(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Run one to its end: exit code and output."""
        run = self.start(*arguments, **variables)
        output = run.communicate()
        return run.returncode, output


@contextmanager
def console(environment: Mapping[str, str]) -> Iterator[Console]:
    """Load everything for an installation, while the block runs."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        loading = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            env=dict(environment),
            cwd=CHECKOUT,
            pass_fds=[theirs.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        try:
            yield Console(ours)
        finally:
            ours.close()
            loading.wait(60)


def main(requests: socket.socket) -> None:
    """Load, then start a copy for each request until nobody can ask any more."""
    configure(Settings.from_environment())
    for name in LOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for a run
    while True:
        asked, descriptors, _, _ = socket.recv_fds(requests, _LONGEST, 2)
        if not asked:
            return
        if not os.fork():
            requests.close()
            _keep(*json.loads(asked), *descriptors)
        for each in descriptors:
            os.close(each)


def _keep(arguments: list[str], variables: dict[str, str], prints: int, tells: int) -> None:
    """Start the run, tell who it is, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if not pid:
        os.close(tells)
        os.environ.update(variables)
        _run(arguments, prints)
    os.close(prints)
    os.write(tells, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(tells, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(arguments: list[str], prints: int) -> None:
    """Be the console script, in a session of its own."""
    os.setsid()
    for standard in (1, 2):
        os.dup2(prints, standard)
    sys.argv = ["fairness-audit", *arguments]
    code: object = 1
    try:
        script()
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
