"""Ways to break the product, each of which the campaign must notice."""

import os
import secrets
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from fairness_audit import files
from fairness_audit.ledger import append_only
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.steps.gate import decision
from tests.torture import world


def writes_in_place() -> None:
    """Files are written where readers look for them."""

    def write_bytes(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.write(descriptor, content[:10])
        time.sleep(0.05)
        os.write(descriptor, content[10:])
        os.close(descriptor)

    real = files.write_bytes
    for module in list(sys.modules.values()):
        if getattr(module, "write_bytes", None) is real:
            module.write_bytes = write_bytes  # type: ignore[attr-defined]


def forgets_files() -> None:
    """A record is acknowledged without its file."""
    module: Any = import_module("fairness_audit.steps.publish.appending")
    module._write = lambda file, envelope: None


def repeats_itself() -> None:
    """The same audit gives other bytes each time, so that nothing says it was published."""
    real = world.World._measured

    def measured(self: world.World, number: int, folder: Path) -> MeasurementFile:
        return real(self, number, folder).model_copy(update={"digest": secrets.token_hex(32)})

    world.World._measured = measured


def breaks_the_chain() -> None:
    """Records do not name the one before, and the database takes them."""
    append_only.protect = lambda connection: None
    module: Any = import_module("fairness_audit.steps.publish.appending")
    real = module.sign
    module.sign = lambda record, signer: real(record.model_copy(update={"prev": None}), signer)


def asks_nobody() -> None:
    """The gate opens on failures, too."""

    def ask(loaded: Any, **given: Any) -> Any:
        said = decision.blocked(loaded.policy, given["model_version"], "-")
        return said.model_copy(update={"decision": "allow", "reasons": ()})

    world.ask = ask


SABOTAGES: dict[str, Callable[[], None]] = {
    "half visible": writes_in_place,
    "lost": forgets_files,
    "doubled": repeats_itself,
    "forged": breaks_the_chain,
    "allowed": asks_nobody,
}
