"""What this machine saw of a ledger: its newest head, so that no older copy passes for it.

Whoever can put back an older copy of ledger and heads together changes both places that are asked.
Who asks remembers besides, in a folder of its own, one head per ledger. The ledger is known by its
address and that of its heads, so that another in its place is told too.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from securesystemslib.signer import Key

from fairness_audit.errors import LedgerError
from fairness_audit.ledger.heads import Heads
from fairness_audit.records.signed.head import Head

log = logging.getLogger(__name__)

_TRIES = 5


class Memory:
    """The newest head that was seen of one ledger; ``heads`` holds it."""

    def __init__(self, folder: Path, ledger: str, heads: str) -> None:
        named = hashlib.sha256(f"{ledger}\n{heads}".encode()).hexdigest()
        self._folder = folder / named[:16]
        self.heads = Heads(str(self._folder))

    def newest(self, trusted: Sequence[Key]) -> Head | None:
        """The head that was seen last; None where none was.

        Raises:
            LedgerError: when it cannot be read.
            RecordError: when it is not genuine.
        """
        for _ in range(_TRIES):
            try:
                return self.heads.newest(trusted)
            except LedgerError as error:  # another process may just have seen a newer one
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
        raise LedgerError(f"{self.heads.place}: changes all the time (try again)")

    def keep(self, seq: int, envelope: bytes) -> None:
        """Remember a verified head in the place of those before it.

        Where nothing can be written, the log says so: what is in the ledger stays as good as it
        was without a memory.
        """
        try:
            if self.heads.length() >= seq:
                return
            self.heads.add(seq, envelope)
            self.heads.drop_below(seq)
        except LedgerError as error:
            log.warning(
                "an older copy of the ledger would not be told by this machine: nothing can be"
                " remembered (FAIRNESS_AUDIT_SEEN: name a folder that can be written): %s",
                error,
            )
