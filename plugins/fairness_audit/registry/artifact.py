"""What a model version consists of, as one digest."""

from pathlib import Path

import yaml

from fairness_audit.encoding import digest_of, read_yaml
from fairness_audit.errors import RegistryError
from fairness_audit.files import sha256_of

_LOAD_MARK = "registered_model_meta"
_LOAD_MARK_KEYS = {"model_name", "model_version"}
_LOAD_MARK_BYTES = 4096


def folder_digest(folder: Path) -> str:
    """SHA-256 over path and SHA-256 of every file in a folder, in order of the paths.

    Only the mark that MLflow leaves beside a model it has loaded is left out, and only while it
    holds nothing but a name and a version. A link to a file is what it leads to, as it is to who
    loads it. Behind one to a folder there may be any number of files, or the way back.

    Raises:
        RegistryError: when there are no files, or something in it is no file or folder.
    """
    content = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            if path.is_symlink():
                raise RegistryError(f"{path} links to a folder (put that itself in its place)")
            continue
        if not path.is_file():
            raise RegistryError(f"{path} is neither a file nor a folder (remove it)")
        if not _is_load_mark(path, folder):
            name = path.relative_to(folder).as_posix()
            content.append({"path": name, "sha256": sha256_of(path)})
    if not content:
        raise RegistryError(f"{folder} has no files (name the folder that holds MLmodel)")
    return digest_of(content)


def _is_load_mark(path: Path, folder: Path) -> bool:
    if path != folder / _LOAD_MARK or path.stat().st_size > _LOAD_MARK_BYTES:
        return False
    try:
        content = read_yaml(path.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    return (
        isinstance(content, dict)
        and set(content) == _LOAD_MARK_KEYS
        and all(isinstance(value, str | int) for value in content.values())
    )
