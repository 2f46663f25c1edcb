"""Arrow without pandas, which it would load for nothing."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NotHere:
    """Finds everything but pandas; what it does not find, the next finder is asked for."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError(f"{name} is left out", name=name)
        return None


def leave_out_pandas() -> None:
    """Let Arrow believe that pandas is not installed; for a process that never uses it.

    Arrow looks for it once, when it makes its first array, to tell whether that is a column of
    pandas. Loading it takes longer than measuring a small file.
    """
    import pyarrow as pa

    sys.meta_path.insert(0, _NotHere)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(_NotHere)
