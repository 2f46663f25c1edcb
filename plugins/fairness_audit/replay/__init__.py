"""Audits made again: from their snapshot, or from today's data."""
