"""Mirrors the package where a process or a server is part of the question."""
