"""What ran: the versions of the product and of the libraries its numbers depend on."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version

from fairness_audit.files import PACKAGE

PRODUCT = "fairness-audit"
LIBRARIES = (
    "duckdb",
    "fairlearn",
    "great-expectations",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
)


def software_versions() -> dict[str, str]:
    """Name to version; that of the product ends in a digest of its code."""
    ours = {PRODUCT: f"{version(PRODUCT)}+sha256.{code_digest()[:16]}"}
    theirs = {name: version(name) for name in LIBRARIES}
    return ours | theirs | {"python": platform.python_version()}


@cache
def code_digest() -> str:
    """SHA-256 over every Python file of the package, and its place."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*.py")):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{content}  {file.relative_to(PACKAGE).as_posix()}\n".encode())
    return digest.hexdigest()
