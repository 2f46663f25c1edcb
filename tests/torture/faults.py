"""What goes wrong while an audit is published, but for being killed: one function per kind.

Each is given a world, the number of an audit and a label that says where it goes wrong, and
returns the processes that met it, ended.
"""

import errno
import os
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from fairness_audit.errors import RegistryError
from fairness_audit.ledger.append_only import TURN
from tests.servers.cutting_proxy import cutting_proxy
from tests.torture.children import Child, Tell
from tests.torture.world import NOW, World

REFUSED_PORT = 1  # nobody listens there


def steps(tell: Tell) -> Callable[[str], None]:
    """Tell what begins, word by word."""
    return lambda name: tell(*name.split())


def file_too_large(world: World, number: int, label: str) -> list[Child]:
    """No file may grow beyond so many bytes."""

    def work(tell: Tell) -> None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(label), hard))
        world.audit(number, steps(tell))

    return [Child.forked(work).ended()]


def disk_full(world: World, number: int, label: str) -> list[Child]:
    """The disk has so many KiB left."""
    filler = world.folder / "filler"
    status = os.statvfs(world.folder)
    free = status.f_bavail * status.f_frsize
    filler.write_bytes(b"\0" * max(0, free - int(label) * 1024))
    try:
        return [Child.forked(lambda tell: _audit(world, number, tell)).ended()]
    finally:
        filler.unlink()


def sync_fails(world: World, number: int, label: str) -> list[Child]:
    """The disk reports an error when it is asked whether something is on it."""

    def work(tell: Tell) -> None:
        done, real = iter(range(1, 1 << 20)), os.fsync

        def fsync(descriptor: int) -> None:
            if next(done) == int(label):
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            real(descriptor)

        os.fsync = fsync  # type: ignore[assignment]
        _audit(world, number, tell)

    return [Child.forked(work).ended()]


def heads_gone(world: World, number: int, label: str) -> list[Child]:
    """The second place is not there: a file lies in its stead, or nothing, or what was mounted."""
    heads, away = Path(world.settings.heads), world.folder / "heads.away"
    heads.mkdir(exist_ok=True)
    heads.rename(away)
    try:
        if label.startswith("file"):
            heads.write_bytes(b"")
        elif label.startswith("link"):
            heads.symlink_to(world.folder / "nowhere" / "at" / "all")
            (world.folder / "nowhere").touch()
        else:
            heads.symlink_to(Path("/proc/1/fdinfo"))  # a folder that takes no file
        return [Child.forked(lambda tell: _audit(world, number, tell)).ended()]
    finally:
        heads.unlink()
        (world.folder / "nowhere").unlink(missing_ok=True)
        away.rename(heads)


class _FailingRegistry:
    """Passes calls on until one of them fails, before or after it had its effect."""

    def __init__(self, real: Any, failing: int, after: bool) -> None:
        self._real, self._failing, self._after, self._calls = real, failing, after, 0

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            self._calls += 1
            if self._calls == self._failing and not self._after:
                raise RegistryError("does not answer")
            answer = getattr(self._real, name)(*arguments)
            if self._calls == self._failing:
                raise RegistryError("answered, and the answer was lost")
            return answer

        return call


def registry_down(world: World, number: int, label: str) -> list[Child]:
    """A call of the registry fails: ``2 after`` is the second one, after it had its effect."""
    failing, when, *_ = label.split()
    registry = _FailingRegistry(world.registry, int(failing), when == "after")
    return [Child.forked(lambda tell: _audit(world, number, tell, registry=registry)).ended()]


def clock_off(world: World, number: int, label: str) -> list[Child]:
    """The publisher's clock is off by so many minutes; the gate's is right."""
    now = NOW + timedelta(minutes=int(label))
    return [Child.forked(lambda tell: _audit(world, number, tell, now=now)).ended()]


def twice(world: World, number: int, label: str) -> list[Child]:
    """The same audit runs twice at once; one of them is killed after so many milliseconds."""
    return _at_once(world, (number, number), int(label))


def together(world: World, number: int, label: str) -> list[Child]:
    """Two audits of the model run at once; one of them is killed after so many milliseconds."""
    return _at_once(world, (number, number + 1), int(label))


def same_folder(world: World, number: int, label: str) -> list[Child]:
    """A task was thought dead and started again: both work in one folder."""
    first = Child.forked(lambda tell: _audit(world, number, tell))
    first.for_seconds(int(label) / 1000)
    second = Child.forked(lambda tell: _audit(world, number, tell))
    return [first.ended(), second.ended()]


def ledger_down(world: World, number: int, label: str) -> list[Child]:
    """The ledger's database refuses a connection: the first, the second …"""
    assert world.address is not None
    closed = make_url(world.address).set(host="127.0.0.1", port=REFUSED_PORT)
    return [_with_other_address(world, number, closed.render_as_string(False), int(label[0]))]


def ledger_lost(world: World, number: int, label: str) -> list[Child]:
    """The connection breaks after so many bytes of the database's answers."""
    assert world.address is not None
    uri = make_url(world.address).set(drivername="postgresql").render_as_string(False)
    with _proxy(uri, int(label)) as (host, port):
        through = make_url(world.address).set(host=host, port=port, query={"sslmode": "disable"})
        return [_with_other_address(world, number, through.render_as_string(False), 0)]


def ledger_held(world: World, number: int, label: str) -> list[Child]:
    """Somebody keeps the ledger for so many milliseconds; a publisher waits one second."""
    waiting = replace(world, wait_seconds=1)

    def hold(tell: Tell) -> None:
        with _held(world):
            tell("held")
            time.sleep(int(label) / 1000)  # how long it is held is what is tried

    holder = Child.forked(hold)
    holder.until("held")
    audited = Child.forked(lambda tell: _audit(waiting, number, tell)).ended()
    holder.ended()
    return [audited]


def _audit(world: World, number: int, tell: Tell, **given: Any) -> None:
    tell("gate said", world.audit(number, steps(tell), **given))


def _at_once(world: World, numbers: tuple[int, int], milliseconds: int) -> list[Child]:
    def work(number: int, worker: int) -> Callable[[Tell], None]:
        return lambda tell: _audit(world, number, tell, worker=worker)

    children = [Child.forked(work(each, at + 1)) for at, each in enumerate(numbers)]
    children[0].for_seconds(milliseconds / 1000)
    if not children[0].all("end"):
        children[0].kill()
    return [each.ended() for each in children]


def _with_other_address(world: World, number: int, address: str, use: int) -> Child:
    """Audit with another address at the ``use``-th opening of the ledger; 0 is at every one."""

    class Elsewhere(World):
        opened = 0

        @property
        def ledger(self) -> Any:
            self.opened += 1
            elsewhere = use in (0, self.opened)
            there = replace(world, address=address, wait_seconds=5) if elsewhere else world
            return World.ledger.fget(there)  # type: ignore[attr-defined]

    other = Elsewhere(world.folder, world.address)
    return Child.forked(lambda tell: _audit(other, number, tell)).ended()


@contextmanager
def _held(world: World) -> Iterator[None]:
    if world.address is None:
        with closing(sqlite3.connect(world.folder / "ledger.db", isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            yield
        return
    uri = make_url(world.address).set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(uri) as connection:
        connection.execute(f"SELECT id FROM {TURN} FOR UPDATE")
        yield


@contextmanager
def _proxy(uri: str, after: int) -> Iterator[tuple[str, int]]:
    """A proxy in a process of its own: it has threads, and must not be forked."""
    reading, writing = os.pipe()

    def serve(tell: Tell) -> None:
        os.close(writing)
        with cutting_proxy(uri, after=after) as address:
            there = conninfo_to_dict(address)
            tell("at", str(there["host"]), int(str(there["port"])))
            os.read(reading, 1)

    child = Child.forked(serve)
    try:
        child.until("at")
        host, port = child.all("at")[0]
        yield host, port
    finally:
        os.close(reading)
        os.close(writing)
        child.ended()
