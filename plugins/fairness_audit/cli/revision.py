"""The policies, suites and statements of a revision, as Git keeps them."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fairness_audit.errors import InputError

_FOLDERS = ("expectations", "sql")


@contextmanager
def home_at(home: Path, revision: str) -> Iterator[Path]:
    """Yield a folder that holds what a home held at a revision, while the context lasts.

    Raises:
        InputError: Git is not there, the home is in no repository, or there is no such revision.
    """
    if revision.startswith("-"):
        raise InputError(f"--against {revision}: is no revision (write a branch, tag or commit)")
    command = ["git", "-C", str(home), "archive", "--format=tar", revision, "--", *_FOLDERS]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell
    except FileNotFoundError as error:
        raise InputError(f"--against {revision}: git is not installed (install it)") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(
            f"--against {revision}: git says: {said[-1] if said else 'nothing'} (name a revision"
            f" that holds {' and '.join(_FOLDERS)}; in CI fetch the history first)"
        )
    with tempfile.TemporaryDirectory(prefix="fairness-audit-") as folder:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)
