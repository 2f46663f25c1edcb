"""Mirrors the package, with no process and no server: what most of the truth needs."""
