"""Airflow's own API server as a process, with this project's plugin and a few users."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fairness_audit.files import write_bytes
from tests import CHECKOUT
from tests.servers.gate_api import Caller

USERS = {"ada": "viewer", "grace": "user", "root": "admin", "guest": "", "other": "viewer"}
"""Name and role. Nobody is `guest`; `other` may read the DAG of another model alone."""

_STARTS_WITHIN = 120.0
_LOGINS = '''"""Airflow's simple login, where one user may read one DAG."""

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager


class Logins(SimpleAuthManager):
    def is_authorized_dag(self, *, method, user, access_entity=None, details=None):
        if user.username == "other" and (details is None or details.id != "audit_other_model"):
            return False
        return super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )
'''


@dataclass(frozen=True)
class ApiServer:
    """A running API server."""

    caller: Caller
    passwords: Mapping[str, str]
    log: Path

    def token(self, user: str) -> str:
        """What Airflow gives for name and password."""
        login = {"username": user, "password": self.passwords[user]}
        reply = self.caller.post("/auth/token", {"Content-Type": "application/json"}, login)
        assert reply.status == 201, reply.text
        return str(reply.json["access_token"])

    def as_user(self, user: str) -> dict[str, str]:
        """The header of a user who is logged in."""
        return {"Authorization": f"Bearer {self.token(user)}"}


@contextmanager
def api_server(folder: Path, variables: Mapping[str, str]) -> Iterator[ApiServer]:
    """Start one over the session's Airflow database; stop it with all its processes."""
    folder.mkdir(parents=True)
    (folder / "logins.py").write_text(_LOGINS)
    passwords = {user: secrets.token_urlsafe(12) for user in USERS}
    (folder / "passwords.json").write_text(json.dumps(passwords))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        **variables,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(folder), str(CHECKOUT / "plugins")]),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__CORE__AUTH_MANAGER": "logins.Logins",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{user}:{role}" for user, role in USERS.items()
        ),
    }
    log = folder / "api-server.log"
    command = ["api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", *command],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        server = ApiServer(Caller(address), passwords, log)
        wait_until(lambda: server.caller.get("/api/v2/version"), process)
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1, and its key, in a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay")])
    now, here = datetime.now(UTC), x509.IPAddress(ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "tls.crt", folder / "tls.key"
    write_bytes(files[0], certificate.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    write_bytes(files[1], key.private_bytes(serialization.Encoding.PEM, *private))
    return files


def wait_until(answers: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    """Return when a call succeeds; fail when the process ends or nothing answers."""
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline:
        assert process.poll() is None, "the process ended while starting"
        with suppress(OSError, httpx.TransportError):
            answers()
            return
        time.sleep(0.2)
    raise AssertionError(f"not up after {_STARTS_WITHIN} s")
