"""The real tables beside the checkout; tests over them are skipped where they are absent."""

import os
from pathlib import Path

import pytest

from tests import CHECKOUT

SHARED_DATA = Path(
    os.environ.get("FAIRNESS_AUDIT_SHARED_DATA") or CHECKOUT.parent / "shared" / "data"
)


def shared_data(*parts: str) -> Path:
    """A file of the real data, or a skip that says which file is not there."""
    path = SHARED_DATA.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"no {path.name}: FAIRNESS_AUDIT_SHARED_DATA names no folder that has it")
    return path


def shared_fault(name: str) -> Path:
    """A small input on which the product was once wrong, or a skip that says which is missing."""
    path = SHARED_DATA.parent / "faults" / name
    if not path.exists():
        pytest.skip(f"no {name}: beside FAIRNESS_AUDIT_SHARED_DATA is no folder `faults`")
    return path
