"""From a candidate's population to what its record says of it."""

from fairness_audit.errors import RecordError
from fairness_audit.records.population import Population
from fairness_audit.records.signed.simulation import Simulation


def simulation_of(
    population: Population, artifact_digest: str, comparison_digest: str | None
) -> Simulation | None:
    """What its record says of how a candidate scored; None of decisions that were made.

    Raises:
        RecordError: when other files scored than are in the registry, or nothing was compared.
    """
    scoring = population.scoring
    if scoring is None:
        return None
    if scoring.artifact_digest != artifact_digest:
        raise RecordError(
            f"{population.model} version {population.model_version} has other files in the"
            " registry than those that scored (find out who writes to it; start a new run)"
        )
    if comparison_digest is None:
        raise RecordError(
            f"the candidate {population.model} version {population.model_version} was not compared"
            f" with version {scoring.against} (start a new run)"
        )
    said = scoring.model_dump(exclude={"artifact_digest"})
    return Simulation(comparison_digest=comparison_digest, **said)
