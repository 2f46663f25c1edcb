"""Checks the secrets of an installation before its services use them.

``python -m fairness_audit.deploy.credentials`` reports every secret that is missing or weak, all
at once, and never repeats one.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from fairness_audit.errors import AuditError, SettingsError
from fairness_audit.ledger.keys import load_trusted_keys
from fairness_audit.settings import Settings

FERNET_KEY = "AIRFLOW__CORE__FERNET_KEY"
TOKEN_SECRETS = ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY")
LONG = 64  # bytes: tokens are signed with HMAC-SHA-512, whose key should be no shorter


def check_credentials(environment: Mapping[str, str], trusted_keys: Path) -> None:
    """Accept the secrets, or raise once with every fault.

    Args:
        environment: holds Airflow's secrets under Airflow's names.
        trusted_keys: folder of the public keys that records may be signed with.

    Raises:
        SettingsError: one line per fault.
    """
    faults = [*_airflow_faults(environment), *_trusted_key_faults(trusted_keys)]
    if faults:
        raise SettingsError("\n".join(faults))


def _airflow_faults(environment: Mapping[str, str]) -> Iterator[str]:
    # While a key is being changed there are two: the new one and, after a comma, the old one.
    if not all(_is_fernet_key(key) for key in environment.get(FERNET_KEY, "").split(",")):
        yield f"{FERNET_KEY}: not a Fernet key (.env.example says how to make one)"
    secrets = [environment.get(variable, "") for variable in TOKEN_SECRETS]
    for variable, secret in zip(TOKEN_SECRETS, secrets, strict=True):
        if len(secret.encode()) < LONG:
            yield f"{variable}: shorter than {LONG} bytes (take one of openssl rand -hex {LONG})"
    if len(set(secrets)) < len(secrets):
        yield f"{' and '.join(TOKEN_SECRETS)}: the same secret twice (make one for each)"


def _trusted_key_faults(folder: Path) -> Iterator[str]:
    try:
        load_trusted_keys(folder)
    except SettingsError as error:
        yield str(error)


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def main() -> int:
    """Check this process's environment; 0 if the services may start."""
    try:
        check_credentials(os.environ, Settings.from_environment().trusted_keys)
    except AuditError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
