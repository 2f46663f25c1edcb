"""Policies under two names that guard one alias: each would promote what the other blocks."""

from collections.abc import Iterator, Sequence

from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.registry.names import canonical_name


def guarded_twice(policies: Sequence[LoadedPolicy]) -> Iterator[str]:
    """A fault for every policy that guards what one before it does, with its line and the cure."""
    first: dict[tuple[str, str], LoadedPolicy] = {}
    for loaded in policies:
        gate = loaded.policy.gate
        known = first.setdefault((canonical_name(gate.registered_model), gate.alias), loaded)
        if known is not loaded:
            yield (
                f"{loaded.file}:{loaded.line_of('gate', 'registered_model')}:"
                f" gate.registered_model: {known.policy.model} guards alias {gate.alias} of it too"
                " (keep one of the two policies, or name another alias)"
            )
