"""Names by which something is promoted, however they are spelt."""

import re
from collections.abc import Iterable

from fairness_audit.registry.names import plain

PRODUCTION = "production"
_OURS = "fairnessaudit"
_SEPARATORS = re.compile(r"[\W_]+")


def looks_like(name: object, known: Iterable[str]) -> bool:
    """True if a name might be read as one of these, by a person or by a database.

    A letter of another script may stand for any: `сhampion` with a Cyrillic first letter is
    `champion` to who reads it, and `ø` is `o` to MySQL.
    """
    spelt = plain(str(name))
    pattern = "".join(re.escape(each) if each.isascii() else ".{0,3}" for each in spelt)
    return any(spelt == plain(each) or re.fullmatch(pattern, plain(each)) for each in known)


def is_stage_production(stage: object) -> bool:
    """True if a stage is the one that is in production."""
    return plain(str(stage)) == PRODUCTION


def is_ours(tag: object) -> bool:
    """True if somebody might take a tag of this name for a word of ours."""
    bare = _SEPARATORS.sub("", plain(str(tag)))
    return looks_like(bare[: len(_OURS)], [_OURS])
