"""Loads the sample CRM and its models into running services.

``python -m fairness_audit.demo.load`` takes no arguments: ``SAMPLE_CRM`` is the address of an
empty PostgreSQL database, ``SAMPLE_CRM_LEADS`` says how many leads it gets, and the registry is
the installation's own. What is already there is kept.
"""

import os
import sys

from fairness_audit.demo.prepare import LEADS, prepare
from fairness_audit.errors import AuditError, SettingsError
from fairness_audit.settings import Settings


def main() -> int:
    """Load the sample, telling each step; 0 when it is there."""
    try:
        if not (address := os.environ.get("SAMPLE_CRM")):
            raise SettingsError(
                "SAMPLE_CRM is not set (give the address of a PostgreSQL database)"
            )
        prepare(
            address,
            Settings.from_environment().registry_url,
            leads=_leads(os.environ.get("SAMPLE_CRM_LEADS")),
            say=lambda line: print(line, flush=True),
        )
    except AuditError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _leads(text: str | None) -> int:
    if text and not text.isdecimal():
        raise SettingsError(f"SAMPLE_CRM_LEADS: {text!r} is not a number (write {LEADS})")
    return int(text) if text else LEADS


if __name__ == "__main__":
    sys.exit(main())
