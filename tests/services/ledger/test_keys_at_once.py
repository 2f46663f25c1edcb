"""Several processes make an installation's keys at once."""

import multiprocessing
from pathlib import Path
from typing import Any

from fairness_audit.ledger.keys import (
    create_keys,
    load_signer,
    load_trusted_keys,
)
from tests.builders.key_files import settings_in


def test_processes_at_once_make_one_set_of_keys(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(3)
    workers = [context.Process(target=_create, args=(str(tmp_path), together)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    settings = settings_in(tmp_path)
    assert load_trusted_keys(settings.trusted_keys) == (
        load_signer(settings.signing_key).public_key,
    )
    assert not list(tmp_path.rglob("*.part"))


def _create(folder: str, together: Any) -> None:
    together.wait(60)
    create_keys(settings_in(Path(folder)))
