"""Text from elsewhere, made safe for the place it is shown in.

Names of groups, checks and columns come from the CRM, where anybody may have written them: they
are shown, never run, and nobody puts a link, an image or a turned direction before a reader.
"""

import hashlib
import re
import unicodedata

_LONGEST_NAME = 80
_LONGEST_SENTENCE = 500
_LONGEST_IN_HTML = 60
_LOOKALIKES = str.maketrans(
    {"<": "‹", ">": "›", "&": "＆", '"': "”", "'": "’", "`": "ˋ", "$": "＄", "{": "❴", "}": "❵"}
)
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#|~!&:/@$^?])")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_JOINER = "\N{WORD JOINER}"  # shows as nothing; addresses are made links whatever is escaped


def one_line(text: str, longest: int = _LONGEST_NAME) -> str:
    """Text on one line: shortened, and without control or direction marks."""
    kept = "".join(
        "\ufffd" if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" else char
        for char in text[: longest + 1]
    )
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"


def one_line_sentence(text: str) -> str:
    """A sentence that another step wrote, on one line; it may be longer than a name."""
    return one_line(text, _LONGEST_SENTENCE)


def csv_safe(text: str) -> str:
    """Text for a cell of a CSV file, which people open in a spreadsheet: no formula of it is run.

    A text that begins as formulas do has an apostrophe before it; one that is a number is none.
    """
    shown = one_line(text, len(text) + 1)
    return f"'{shown}" if _FORMULA.match(shown) and not _NUMBER.fullmatch(shown) else shown


def html_safe(text: str) -> str:
    """Text for pages that others write: harmless and short.

    Great Expectations writes some values into its pages as HTML and fills ``$name`` into its
    sentences, so the characters that could be either are replaced by ones that look alike;
    control characters and line breaks become spaces. A long text ends in a mark of all of it, so
    that two long names stay two.
    """
    seen = "".join(" " if unicodedata.category(each)[0] == "C" else each for each in text)
    safe = " ".join(seen.translate(_LOOKALIKES).split())
    if len(safe) <= _LONGEST_IN_HTML:
        return safe
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{safe[: _LONGEST_IN_HTML - 7]}…{mark}"


def markdown_safe(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKUP.sub(r"\\\1", _ADDRESS.sub(_JOINER, _undirected(text)))


def code_safe(text: str, width: int) -> str:
    """Text for a code block, on one line of at most ``width`` characters, without markup."""
    left = _ADDRESS.sub(_JOINER, _MARKUP.sub(" ", _undirected(text)))
    return left if len(left) <= width else left[: width - 1] + "…"


def _undirected(text: str) -> str:
    return " ".join(_DIRECTION.sub("", text).split())
