"""Other systems, each in an environment of its own."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def python_with(packages: Sequence[str], folder: Path) -> Path | None:
    """The Python of an environment in ``folder`` that has the packages; None if it cannot be."""
    uv, python = Path(sys.executable).parent / "uv", folder / "bin" / "python"
    for words in (
        ["venv", "--quiet", "--allow-existing", "--python", sys.executable, folder],
        ["pip", "install", "--quiet", "--python", python, *packages],
    ):
        if subprocess.run([uv, *words], check=False).returncode:
            return None
    return python
