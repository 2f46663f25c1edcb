"""Errors an operator meets. Each message names the place, the fault and the cure.

A failed *run* is one of these; a failed *audit* is a record with verdict ``fail``; an invalid
*policy* is a ``PolicyError`` before anything ran. The three are never mixed.
"""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """How a command ends: the one table that every verb keeps. Only 0 is a yes."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "ExitCode":
        """A code, and what it means in one sentence."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    GOOD = 0, "Yes: allowed, verified, equal, valid, or done."
    REFUSED = 1, "No: blocked, not verified, different, or the records do not hold."
    CANNOT_TELL = (
        2,
        "Nobody can tell: an option, a name, a policy or a file cannot be used, or a service does"
        " not answer. The message says which, and what to do.",
    )
    INTERRUPTED = 130, "Ended by a person (Ctrl-C) before there was an answer."


class AuditError(Exception):
    """Base of every error shown to an operator without a traceback."""

    exit_code = ExitCode.CANNOT_TELL


class SettingsError(AuditError):
    """A setting is missing or cannot be used."""


class InputError(AuditError):
    """A file or an option that was given cannot be used."""


class TabularError(AuditError):
    """A file cannot be read as a table: what it is, where it breaks, how it can be mended."""


class SourceError(AuditError):
    """The CRM could not be read completely and consistently."""


class PopulationError(AuditError):
    """The decisions could not be assembled into one row each."""


class ValidationError(AuditError):
    """A Great Expectations suite could not be run (as opposed to: did not pass)."""


class ScoringError(AuditError):
    """A candidate's artifact could not be scored, or must not be."""


class MeasurementError(AuditError):
    """The metrics could not be computed, or two ways of computing them disagree."""


class RecordError(AuditError):
    """A record is malformed, tampered with, or cannot be signed."""

    exit_code = ExitCode.REFUSED


class StaleJudgement(RecordError):
    """Another audit of the version was published since this one was judged: judge it again."""


class LedgerError(AuditError):
    """The ledger cannot be reached, or does not hold together."""


class LedgerAbsent(LedgerError):
    """The database answers, and nobody has made a ledger in it."""


class RegistryError(AuditError):
    """The model registry cannot be reached, or lacks the model version."""


class ReviewError(AuditError):
    """There is nothing to decide, or an answer of a person does not count."""


class NotifyError(AuditError):
    """Somebody could not be told; what was to be told stands whether they were or not."""


@dataclass(frozen=True)
class PolicyFault:
    """One fault of one policy file."""

    file: Path
    line: int
    field: str
    fault: str
    cure: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.fault} ({self.cure})"


class PolicyError(AuditError):
    """Every fault of every policy file that was read, gathered and raised once."""

    def __init__(self, faults: list[PolicyFault]) -> None:
        self.faults = sorted(faults, key=lambda f: (str(f.file), f.line, f.field))
        super().__init__("\n".join(str(fault) for fault in self.faults))
