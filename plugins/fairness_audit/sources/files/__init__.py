"""CRM tables in files: a folder of Parquet and CSV files, a DuckDB file, a SQLite file.

The folder may be in an object store. Nothing is ever written beside them. A file that changes
while it is read is an error; a SQLite file may change, for its transaction goes on seeing it as
it was.
"""
