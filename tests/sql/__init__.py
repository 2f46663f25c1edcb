"""Rows in and rows out, for each query."""
