"""Telling people what happened: one plain sentence and a link."""
