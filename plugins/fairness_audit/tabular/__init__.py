"""Files as people have them, read as strict tables by their bytes, not by their names.

A CSV file is text: its delimiter and encoding are found where nobody says them (`dialect`), its
rows must be as wide as its header (`csv_file`). JSON has an object per row (`json_file`), Parquet
may be a folder of parts (`parquet_files`). `kind` tells them apart. No fault repeats a cell.
"""

from fairness_audit.tabular.table import TabularFile, table_at

__all__ = ["TabularFile", "table_at"]
