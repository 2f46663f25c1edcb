"""What a sample is made from; equal recipes give equal samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import sklearn

from fairness_audit.demo.biases import BIASES, PlantedBias
from fairness_audit.encoding import digest_of
from fairness_audit.errors import SettingsError
from fairness_audit.files import sha256_of

LEADS = 60_000
SEED = 2026
FEWEST_LEADS = 1_000


@dataclass(frozen=True)
class Recipe:
    """Size, seed and planted biases of a sample.

    Raises:
        SettingsError: with fewer than 1,000 leads, or a negative seed.
    """

    leads: int = LEADS
    seed: int = SEED
    biases: Sequence[PlantedBias] = BIASES

    def __post_init__(self) -> None:
        if self.leads < FEWEST_LEADS:
            raise SettingsError(
                f"{self.leads} leads are too few to train on; ask for {FEWEST_LEADS} or more"
            )
        if self.seed < 0:
            raise SettingsError(f"seed {self.seed} is negative; give 0 or more")

    @property
    def fingerprint(self) -> str:
        """Changes with the recipe, with this package's files, and with the drawing libraries."""
        return digest_of(
            {
                "leads": self.leads,
                "seed": self.seed,
                "biases": [[each.name, each.size] for each in self.biases],
                "generator": generator_digest(),
                "libraries": [np.__version__, sklearn.__version__],
            }
        )


@cache
def generator_digest() -> str:
    """Digest of the files of this package, so that changed code never reuses an old sample."""
    folder = Path(__file__).parent
    files = sorted(each for each in folder.iterdir() if each.suffix in {".py", ".sql"})
    return digest_of({each.name: sha256_of(each) for each in files})
