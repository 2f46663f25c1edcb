"""One service of the compose file as a process of this machine, without a container engine.

A folder stands in for the container's file system: `/opt`, `/var`, `/run` and `/tmp` of the
service's own settings are read as paths inside it, its volumes and secrets are links in it, and
nothing that the file does not mount is there. Names of other services are this machine, and their
ports are free ports here. The command, the environment and the health check are the file's own.
"""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

PORTS = ("5432", "8080", "5000", "8090", "8974")
_OWN_PATH = re.compile(r"(?<![\w./-])/(?:opt|var|run|tmp)(?![\w-])")
_OWN_PORT = re.compile(rf"(?<![\w.-])({'|'.join(PORTS)})(?!\w)")


def free_ports() -> dict[str, str]:
    """A free port of this machine for each port of the compose file."""
    sockets = [socket.socket() for _ in PORTS]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {
            port: str(each.getsockname()[1]) for port, each in zip(PORTS, sockets, strict=True)
        }
    finally:
        for each in sockets:
            each.close()


class Container:
    """One service, as a process group of its own."""

    def __init__(
        self,
        name: str,
        service: Mapping[str, Any],
        *,
        folder: Path,
        others: Iterable[str],
        ports: Mapping[str, str],
        image: Mapping[str, str],
        run_as: str | None = None,
    ) -> None:
        self.name, self.root, self._ports, self._run_as = name, folder / name, ports, run_as
        self._others = frozenset(others)
        names = "|".join(map(re.escape, self._others))
        self._host = re.compile(rf"(?<![\w.-])(?:{names})(?=:(?:{'|'.join(PORTS)})(?!\w))")
        self.command = [self.here(part) for part in service["command"]]
        given = {**image, **(service.get("environment") or {})}
        self.environment = {key: self._setting(key, value) for key, value in given.items()}
        self.check = [self.here(part) for part in service.get("healthcheck", {}).get("test", [])]
        self.in_memory = [
            self.root / place.split(":")[0].lstrip("/") for place in service.get("tmpfs", [])
        ]
        for place in self.in_memory:
            place.mkdir(parents=True)
        self.log = folder / f"{name}.log"
        self.image = self.image_files()
        self._process: subprocess.Popen[bytes] | None = None

    def here(self, text: str) -> str:
        """What a path, host or port of the service is on this machine."""
        text = self._host.sub("127.0.0.1", text)
        text = _OWN_PORT.sub(lambda match: self._ports[match[0]], text)
        return _OWN_PATH.sub(lambda match: f"{self.root}{match[0]}", text)

    def _setting(self, key: str, value: str) -> str:
        return "127.0.0.1" if key == "PGHOST" and value in self._others else self.here(value)

    def mount(self, source: Path, target: str) -> None:
        """Make a file or folder of this machine appear at a path of the service, over what is
        there; a volume within a volume is the same for every service that has both.
        """
        place = self.root / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():
            assert place.readlink() == source
            return
        if place.is_dir():
            place.rmdir()
        place.symlink_to(source)

    def image_files(self) -> set[Path]:
        """Files and links that are neither on a volume nor in memory: the image's own."""
        return {
            path.relative_to(self.root)
            for path in self.root.rglob("*")
            if not any(place in path.parents for place in self.in_memory)
        }

    def start(self) -> None:
        """Start the service's command; what the image holds is settled from here on."""
        self.image = self.image_files()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._run_as,
            )

    def finish(self, timeout: float) -> int:
        """Wait until the command ends; give its exit code."""
        assert self._process is not None
        return self._process.wait(timeout)

    def is_healthy(self) -> bool:
        """Run the service's health check once, as the container engine does."""
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name} ended:\n{self.tail()}"
        assert self.check[0] == "CMD"
        checked = subprocess.run(
            self.check[1:], env=self.environment, cwd=self.root, capture_output=True, timeout=60
        )
        return checked.returncode == 0

    def tail(self, lines: int = 40) -> str:
        """The end of what the service printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group, if any of it is left."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


def stop(containers: Sequence[Container], patience: float = 10.0) -> None:
    """Ask all to stop, clients before the database, and make those that do not."""
    for container in containers:
        container.signal(signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not all(each.has_ended() for each in containers):
        time.sleep(0.1)
    for container in containers:
        container.signal(signal.SIGKILL)
        if not container.has_ended():
            container.finish(5)


def left_behind(folder: Path) -> list[int]:
    """Processes whose environment names a folder: what a container would have taken with it."""
    mark = os.fsencode(folder)
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                if mark in (process / "environ").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue  # it has ended, or is somebody else's
    return found


def until_healthy(containers: Sequence[Container], patience: float) -> list[str]:
    """Wait until all are healthy; name those that are not when patience ends.

    One is asked at a time, those that answer at little cost first: a check that starts Airflow's
    command line takes seconds of the CPU that the services need to start.
    """
    deadline = time.monotonic() + patience
    unhealthy = []
    for container in sorted(containers, key=lambda each: each.check[1] == "airflow"):
        while not (healthy := container.is_healthy()) and time.monotonic() < deadline:
            time.sleep(0.2)
        if not healthy:
            unhealthy.append(container.name)
    return unhealthy
