"""Text that is safe on a page: CRM values are shown, never run."""

import hashlib
import unicodedata

_LONGEST = 60
_LOOKALIKES = str.maketrans(
    {"<": "‹", ">": "›", "&": "＆", '"': "”", "'": "’", "`": "ˋ", "$": "＄", "{": "❴", "}": "❵"}
)


def plain(text: str) -> str:
    """A CRM's own text, harmless and short.

    Great Expectations writes some values into its pages as HTML and fills ``$name`` into its
    sentences, so the characters that could be either are replaced by ones that look alike;
    control characters and line breaks become spaces. A long text ends in a mark of all of it, so
    that two long names stay two.
    """
    seen = "".join(" " if unicodedata.category(each)[0] == "C" else each for each in text)
    safe = " ".join(seen.translate(_LOOKALIKES).split())
    if len(safe) <= _LONGEST:
        return safe
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{safe[: _LONGEST - 7]}…{mark}"


def percent(part: int, whole: int) -> str:
    """A share as a percentage with one decimal; a dash for a share of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"
