"""Text that is safe on a page: CRM values are shown, never run."""

import unicodedata

_LONGEST = 60
_LOOKALIKES = str.maketrans(
    {"<": "‹", ">": "›", "&": "＆", '"': "”", "'": "’", "`": "ˋ", "$": "＄", "{": "❴", "}": "❵"}
)


def plain(text: str) -> str:
    """A CRM's own text, harmless and short.

    Great Expectations writes some values into its pages as HTML and fills ``$name`` into its
    sentences, so the characters that could be either are replaced by ones that look alike;
    control characters and line breaks become spaces.
    """
    seen = "".join(" " if unicodedata.category(each)[0] == "C" else each for each in text)
    safe = " ".join(seen.translate(_LOOKALIKES).split())
    return safe if len(safe) <= _LONGEST else safe[: _LONGEST - 1] + "…"


def percent(part: int, whole: int) -> str:
    """A share as a percentage with one decimal; a dash for a share of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"
