"""How a CSV file is written: its delimiter and encoding, said or found."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from fairness_audit.errors import TabularError
from fairness_audit.tabular.kind import START, start_of, unpacked, worded

_DELIMITERS = ",;\t|"
_LOOKED_AT = 50
"""Rows that are looked at where several characters could be the delimiter."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAYS_DELIMITER = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
_FALLBACK = "cp1252"
_CHUNK = 1 << 20


class Written(NamedTuple):
    """How one file is written; ``skipped`` lines stand before the header."""

    delimiter: str
    encoding: str
    skipped: int = 0
    was_guessed: bool = False


@dataclass(frozen=True)
class Dialect:
    """How CSV files are said to be written; None is found in each file."""

    delimiter: str | None = None
    encoding: str | None = None

    def check(self) -> None:
        """Refuse what no file can be written with.

        Raises:
            TabularError: the delimiter is not one character, or there is no such encoding.
        """
        given = self.delimiter
        if given is not None and (len(given) != 1 or given in '"\r\n'):
            raise TabularError(f"{given!r} is no delimiter (write one character)")
        try:
            "a,b".encode(self.encoding or "utf-8")  # some codecs are none of texts
        except (LookupError, ValueError):
            raise TabularError(
                f"{self.encoding!r} is no encoding (write utf-8, latin-1, cp1252, …)"
            ) from None

    def of(self, path: Path, *, guess: bool) -> Written:
        """How a file is written. With ``guess`` what is not UTF-8 is taken for Windows-1252.

        Raises:
            TabularError: the file cannot be read.
        """
        with worded(path):
            start = start_of(path)
            encoding, was_guessed = self.encoding or _marked(start), False
            if encoding is None and guess and not _is_utf8(path):
                encoding, was_guessed = _FALLBACK, True
        encoding = encoding or "utf-8"
        if encoding.lower() in ("utf-8", "utf8"):
            encoding = "utf-8-sig"
        # The last character may be cut.
        text = codecs.getincrementaldecoder(encoding)("replace").decode(start).lstrip("\ufeff")
        said = _SAYS_DELIMITER.match(text)
        if said:
            text = text[said.end() :]
        if len(start) == START:
            text = text[: text.rfind("\n") + 1] or text
        delimiter = self.delimiter or (said[1] if said else _delimiter_of(text))
        return Written(delimiter, encoding, int(bool(said)), was_guessed)


def _marked(start: bytes) -> str | None:
    """The encoding that the first bytes show."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    # Of two bytes to a Latin letter one is zero.
    if len(start) > 3 and start[0] and not start[1] and start[2] and not start[3]:
        return "utf-16-le"
    if len(start) > 3 and start[1] and not start[0] and start[3] and not start[2]:
        return "utf-16-be"
    return None


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with unpacked(path) as file:
            for chunk in _chunks(file):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _delimiter_of(text: str) -> str:
    """The character that divides the header, and the rows below it alike."""
    found = {each: _widths(text, each) for each in _DELIMITERS}
    dividing = {each: widths for each, widths in found.items() if widths and widths[0] > 1}
    if not dividing:
        return ","

    def merit(delimiter: str) -> tuple[bool, int]:
        widths = dividing[delimiter]
        return len(set(widths)) == 1, widths[0]

    return max(dividing, key=merit)  # of equals the first


def _widths(text: str, delimiter: str) -> list[int]:
    """How many cells each of the first rows has, up to one that this delimiter breaks."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    widths: list[int] = []
    with suppress(csv.Error):
        widths.extend(len(row) for row in islice(rows, _LOOKED_AT) if row)
    return widths
