"""An installation, opened: its policies, ledger, records, registry and keys."""

from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from fairness_audit.errors import InputError
from fairness_audit.policy.load import (
    FILE_NAME,
    LoadedPolicy,
    ReadPolicies,
    load_policies,
    load_policy,
    policy_files,
    read_policies,
)
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.settings import Settings

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, Key

    from fairness_audit.ledger.evidence import EvidenceStore
    from fairness_audit.ledger.heads import Heads
    from fairness_audit.ledger.keys import PublishingKey
    from fairness_audit.ledger.ledger import Ledger
    from fairness_audit.ledger.verify import Verification
    from fairness_audit.records.signed.statement import Record
    from fairness_audit.registry import Registry


class Installation:
    """What one installation consists of; each part is opened when it is first asked for.

    So a verb needs only what it uses: measuring a file needs no ledger, verifying records no
    registry, and nobody but who publishes the signing key. Policies, keys and records are read
    anew each time, since others write them meanwhile.

    Use it as a context, or close it: what was opened is closed then, once.
    """

    def __init__(self, settings: Settings, *, registry: "Registry | None" = None) -> None:
        """``registry`` takes the place of the MLflow registry that the settings name."""
        self.settings = settings
        self._registry = registry

    @classmethod
    def from_environment(cls) -> Self:
        """The installation that the environment names.

        Raises:
            SettingsError: when a setting cannot be used.
        """
        return cls(Settings.from_environment())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back what was opened; what is asked for afterwards is opened anew."""
        ledger = self.__dict__.pop("ledger", None)
        if ledger is not None:
            ledger.close()
        self.__dict__.pop("registry", None)

    @property
    def models(self) -> list[str]:
        """The names of the audited models, those with a faulty policy among them."""
        return [file.parent.name for file in policy_files(self.settings.expectations)]

    def policies(self) -> list[LoadedPolicy]:
        """The policy of every model.

        Raises:
            PolicyError: with every fault of every policy file.
        """
        return load_policies(self.settings.expectations)

    def read_policies(self) -> ReadPolicies:
        """The policies that can be read, and the faults of the others by model."""
        return read_policies(self.settings.expectations)

    def policy(self, model: str) -> LoadedPolicy:
        """The policy of one model, as it is now.

        Raises:
            PolicyError: with every fault of the file.
            InputError: when no model is called so; it names those there are.
        """
        file = self.settings.expectations / model / FILE_NAME
        if model not in self.models:
            there = ", ".join(self.models) or "none"
            raise InputError(
                f"no model {model!r}: audited are {there} (name one of them, or write {file})"
            )
        return load_policy(file)

    def aliases(self, policy: AuditPolicy) -> tuple[str, ...]:
        """The aliases by which a version of a model may be in production."""
        return (policy.gate.alias, *sorted(self.settings.guarded_aliases - {policy.gate.alias}))

    @property
    def heads(self) -> "Heads":
        """The second place of the ledger's signed heads."""
        from fairness_audit.ledger.heads import Heads

        return Heads(self.settings.heads)

    @property
    def witness(self) -> "Heads | None":
        """The third place of the heads, if there is one."""
        from fairness_audit.ledger.heads import Heads

        return Heads(self.settings.witness) if self.settings.witness else None

    @cached_property
    def ledger(self) -> "Ledger":
        """Where the records are, with the second place of their signed heads.

        Raises:
            LedgerError: when the address is none of a ledger.
        """
        from fairness_audit.ledger.ledger import Ledger

        return Ledger(
            self.settings.ledger_url,
            self.heads,
            witness=self.witness,
            memory=self.settings.seen,
        )

    @cached_property
    def registry(self) -> "Registry":
        """The model registry."""
        from fairness_audit.registry.direct import DirectRegistry

        return self._registry or DirectRegistry(self.settings.registry_url)

    @property
    def evidence(self) -> "EvidenceStore":
        """What each audit counted; the records bind it."""
        from fairness_audit.ledger.evidence import EvidenceStore

        return EvidenceStore(self.settings.evidence)

    @property
    def trusted_keys(self) -> "tuple[Key, ...]":
        """The public keys that a record may be signed with.

        Raises:
            SettingsError: when there is none, or a file is no such key.
        """
        from fairness_audit.ledger.keys import load_trusted_keys

        return load_trusted_keys(self.settings.trusted_keys)

    @property
    def subject_key(self) -> bytes:
        """The secret that keys the pseudonyms of subjects.

        Raises:
            SettingsError: when it is missing, readable by others, or too short.
        """
        from fairness_audit.ledger.keys import load_subject_key

        return load_subject_key(self.settings.subject_key)

    @property
    def publishing_key(self) -> "PublishingKey":
        """What signs records, read anew for each signature."""
        from fairness_audit.ledger.keys import PublishingKey

        return PublishingKey(self.settings)

    @property
    def seal_key(self) -> "CryptoSigner":
        """The signing key itself, which also seals what people answer.

        Raises:
            SettingsError: when it is missing, readable by others, or no such key.
        """
        from fairness_audit.ledger.keys import load_signer

        return load_signer(self.settings.signing_key)

    def records(self) -> "list[Record]":
        """Every record of the ledger, in order, if all of them hold.

        Raises:
            LedgerError: when the ledger or its heads cannot be read.
            RecordError: naming every record that was edited, re-filed, removed or put in.
        """
        from fairness_audit.ledger.verified import verified_ledger

        return verified_ledger(self.ledger, self.trusted_keys)

    def verified_files(self) -> "Verification":
        """The published record files, verified against their heads; the ledger is not asked.

        Raises:
            LedgerError: when the heads cannot be read.
            RecordError: when there are no records, or a head is not genuine.
        """
        from fairness_audit.ledger.verify import verify_records

        return verify_records(self.settings.records, self.heads, self.trusted_keys, self.witness)

    @property
    def site(self) -> Path:
        """Folder of the static site."""
        return self.settings.data_docs
