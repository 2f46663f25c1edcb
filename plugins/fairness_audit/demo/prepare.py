"""Everything the demo needs before its audits run: the sample CRM and the registered models."""

import time
from collections.abc import Sequence

from fairness_audit.demo.biases import BIASES, PlantedBias
from fairness_audit.demo.crm import Say, generate, write
from fairness_audit.demo.database import holds_sample
from fairness_audit.demo.recipe import LEADS, SEED, Recipe
from fairness_audit.demo.registration import holds_models, replace_models
from fairness_audit.demo.timeline import TODAY

__all__ = ["LEADS", "TODAY", "prepare"]


def prepare(
    uri: str,
    registry_url: str,
    *,
    leads: int = LEADS,
    seed: int = SEED,
    biases: Sequence[PlantedBias] = BIASES,
    say: Say = lambda line: None,
) -> None:
    """Bring the database and the registry to the state this recipe describes.

    What is already there is kept; a second call changes nothing. The models are registered
    first: a sample in the database means that the models which scored it are there too.

    Args:
        uri: the PostgreSQL database of the sample CRM; its schemas ``crm``, ``survey``, ``ml``
            and ``sample`` are replaced when they hold another sample.
        registry_url: the MLflow registry, such as ``sqlite:////path/mlflow.db``.
        leads: how many leads the company has; everything else grows with it.
        seed: another seed gives other people with the same habits.
        biases: ``BIASES``, ``NO_BIASES``, or some of them.
        say: takes one line of progress at a time.

    Raises:
        SourceError: when the database cannot be reached or written.
        RegistryError: when the registry cannot be reached or written, or holds models by these
            names that are not the demo's.
        SettingsError: when the recipe cannot be used, for example with too few leads.
    """
    recipe = Recipe(leads, seed, tuple(biases))
    loaded, registered = holds_sample(uri, recipe), holds_models(registry_url, recipe)
    if loaded and registered:
        say(f"sample CRM with {leads:,} leads and its four model versions are ready, reused")
        return
    started = time.monotonic()

    def tell(what: str) -> None:
        say(f"{what} ({time.monotonic() - started:.1f} s)")

    sample = generate(recipe)
    tell(f"drew {leads:,} leads and trained {len(sample.models)} model versions on their history")
    if not registered:
        replace_models(registry_url, recipe, sample.models)
        tell(f"registered {len(sample.models)} model versions")
    if not loaded:
        rows = write(uri, sample)
        tell(f"wrote {sum(rows.values()):,} rows into {len(rows)} tables of PostgreSQL")
