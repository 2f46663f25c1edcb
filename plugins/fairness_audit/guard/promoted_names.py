"""Names by which something is promoted, however they are spelt."""

import re
from collections.abc import Iterable

from fairness_audit.registry.names import canonical_name

PRODUCTION = "production"
_OURS = "fairnessaudit"
_SEPARATORS = re.compile(r"[\W_]+")


def looks_like(name: object, known: Iterable[str]) -> bool:
    """True if a name might be read as one of these, by a person or by a database.

    A letter of another script may stand for any: `сhampion` with a Cyrillic first letter is
    `champion` to who reads it, and `ø` is `o` to MySQL.
    """
    spelt = canonical_name(str(name))
    pattern = "".join(re.escape(each) if each.isascii() else ".{0,3}" for each in spelt)
    others = [canonical_name(each) for each in known]
    return any(spelt == other or re.fullmatch(pattern, other) for other in others)


def is_stage_production(stage: object) -> bool:
    """True if a stage is the one that is in production."""
    return canonical_name(str(stage)) == PRODUCTION


def is_ours(tag: object) -> bool:
    """True if somebody might take a tag of this name for a word of ours."""
    bare = _SEPARATORS.sub("", canonical_name(str(tag)))
    return looks_like(bare[: len(_OURS)], [_OURS])
