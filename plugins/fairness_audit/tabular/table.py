"""A path, and what is said of it, as a table."""

from pathlib import Path

from fairness_audit.errors import TabularError
from fairness_audit.tabular.csv_file import CsvFile
from fairness_audit.tabular.dialect import Dialect
from fairness_audit.tabular.json_file import JsonFile
from fairness_audit.tabular.kind import Kind, kind_of
from fairness_audit.tabular.parquet_files import ParquetFiles

TabularFile = CsvFile | JsonFile | ParquetFiles


def table_at(path: Path, said: Dialect | None = None, *, guess: bool = False) -> TabularFile:
    """The table of a file, or of a folder of Parquet files.

    ``said`` is how CSV and JSON are written; what it leaves open is found in the file. With
    ``guess`` text that is not UTF-8 is taken for Windows-1252.

    Raises:
        TabularError: there is none, or it cannot be read as one.
    """
    said = said or Dialect()
    said.check()
    if path.is_dir():
        return ParquetFiles(path)
    if not path.is_file():
        raise TabularError(f"{path}: no such file")
    match kind_of(path):
        case Kind.PARQUET:
            return ParquetFiles(path)
        case Kind.JSON:
            return JsonFile(path, said)
        case Kind.CSV:
            return CsvFile(path, said, guess=guess)
