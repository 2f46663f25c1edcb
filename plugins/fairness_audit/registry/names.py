"""Names that people, or a database, would take for the same."""

import unicodedata


def same_name(one: str, other: str) -> bool:
    """True if two names differ in spelling alone: width, case, accents, spaces around."""
    return canonical_name(one) == canonical_name(other)


def canonical_name(name: str) -> str:
    """A name in its one plain spelling. Some databases compare names like this, as MySQL does."""
    letters = unicodedata.normalize("NFKD", name.strip().casefold())
    bare = "".join(each for each in letters if not unicodedata.combining(each))
    return unicodedata.normalize("NFKC", bare).strip().casefold()
