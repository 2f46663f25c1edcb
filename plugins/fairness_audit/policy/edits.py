"""What edits of policies, statements and suites mean: another audit, or another way of running."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fairness_audit.policy.load import LoadedPolicy, ReadPolicies
from fairness_audit.policy.method import run_digest

Means = Literal["audit again", "no new audit", "unchanged"]


@dataclass(frozen=True)
class Edit:
    """What was edited of a model since a revision, in words, and what it means for its records."""

    model: str
    means: Means
    changed: str

    @property
    def sentence(self) -> str:
        """What a person is told."""
        return ": ".join(filter(None, (self.model, self.means, self.changed)))


def edits(before: ReadPolicies, now: list[LoadedPolicy]) -> Iterator[Edit]:
    """Hold the policies that are valid now, and all that they name, against those of before."""
    there = {each.policy.model: each for each in before.loaded}
    for loaded in now:
        model = loaded.policy.model
        if model in before.broken:
            yield Edit(model, "audit again", "its policy of before cannot be read")
        elif model not in there:
            yield Edit(model, "audit again", "it is new")
        else:
            yield _edit(loaded, there[model])
    for model in sorted(there.keys() - {each.policy.model for each in now}):
        yield Edit(
            model, "no new audit", "its policy is gone; what it promoted is guarded no more"
        )


def _edit(loaded: LoadedPolicy, before: LoadedPolicy) -> Edit:
    model = loaded.policy.model
    if changed := loaded.changed_since(before.method, before.digest):
        return Edit(model, "audit again", changed)
    if run_digest(loaded.policy) != run_digest(before.policy):
        return Edit(model, "no new audit", "how it is run has changed")
    return Edit(model, "unchanged", "")
