"""What an artifact says it takes, held against what it is given, before it is run.

Its file ``MLmodel`` is somebody else's: it is read as plain data, and little of it is repeated.
"""

import json
from collections.abc import Collection
from pathlib import Path

import yaml

from fairness_audit.encoding import read_yaml
from fairness_audit.errors import PopulationError

FILE = "MLmodel"

_LARGEST = 1 << 20
_LONGEST_NAME = 60
_MOST_NAMES = 10


def check_inputs(artifact: Path, given: Collection[str], *, model: str, version: str) -> None:
    """Fail if the signature names an input that the features have not.

    An artifact without a signature, or with one of tensors, says nothing: it is run, and may
    still refuse.

    Raises:
        PopulationError: names the model's version, the inputs, and what to do.
    """
    missing = [name for name in _inputs(artifact / FILE) if name not in given]
    if missing:
        named = ", ".join(repr(name[:_LONGEST_NAME]) for name in missing[:_MOST_NAMES])
        more = f" and {len(missing) - _MOST_NAMES} more" if len(missing) > _MOST_NAMES else ""
        raise PopulationError(
            f"{model} version {version} takes {named}{more}, which sql/features/{model}.sql does"
            " not give (select it there under this name; a column that is not in the snapshot"
            f" must be named in source.objects of expectations/{model}/policy.yaml and in"
            " sql/staging/ too)"
        )


def _inputs(file: Path) -> list[str]:
    """The names of the columns that the signature requires."""
    try:
        if file.stat().st_size > _LARGEST:
            return []
        said = read_yaml(file.read_bytes())
        columns = json.loads(said["signature"]["inputs"])
        return [
            str(each["name"])
            for each in columns
            if each.get("required", True) and each.get("name") is not None
        ]
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        yaml.YAMLError,
    ):
        return []
