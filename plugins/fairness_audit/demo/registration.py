"""The demo's model versions in an MLflow registry, numbered 1 and 2 of each model.

A version carries its signature (what it takes and gives), the threshold it selects by, and the
fingerprint of the sample it was trained on, so that a second preparation finds and keeps it.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from fairness_audit.demo.models import DESIGNS, TrainedModel
from fairness_audit.demo.recipe import Recipe
from fairness_audit.errors import RegistryError
from fairness_audit.registry.mlflow import MlflowRegistry

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.models.model import ModelInfo

EXPERIMENT = "sample_crm"
ARTIFACT_DIGEST = "artifact_digest"
FINGERPRINT = "sample_crm_fingerprint"
THRESHOLD = "selection_threshold"

_SQLITE = "sqlite:///"
_REQUIREMENTS = ("scikit-learn", "numpy", "pandas", "skops")
_TRUSTED = ["numpy.dtype"]  # the format refuses every type it is not told of


def holds_models(registry_url: str, recipe: Recipe) -> bool:
    """True if the registry holds every version of the demo, trained on this very sample.

    Raises:
        RegistryError: when the registry cannot be reached, or a model of the same name is there
            that the demo did not make; the demo leaves such a model alone.
    """
    with _registry(registry_url) as client:
        found = {name: _versions(client, name) for name in _names()}
    for name, versions in found.items():
        if any(FINGERPRINT not in each.tags for each in versions):
            raise RegistryError(
                f"the registry holds a model {name!r} that is not the demo's (give the demo a"
                " registry of its own)"
            )
    kept = {
        (name, str(each.version))
        for name, versions in found.items()
        for each in versions
        if each.tags[FINGERPRINT] == recipe.fingerprint
    }
    return kept >= {(each.model, each.version) for each in DESIGNS}


def replace_models(registry_url: str, recipe: Recipe, models: Sequence[TrainedModel]) -> None:
    """Register these versions in place of whatever versions an earlier demo registered.

    Raises:
        RegistryError: when the registry cannot be reached or written.
    """
    with _registry(registry_url) as client:
        for name in _names():
            if client.search_registered_models(f"name = '{name}'"):
                client.delete_registered_model(name)
            client.create_registered_model(name)
        experiment = _experiment(client, registry_url)
        digests = MlflowRegistry(registry_url)
        for model in models:
            _register(client, recipe, model, _logged(experiment, model))
            name, number = model.design.model, model.design.version
            # For whoever reads the registry; an audit takes the digest anew from the files.
            digest = digests.artifact_digest(name, number)
            client.set_model_version_tag(name, number, ARTIFACT_DIGEST, digest)


def _logged(experiment: str, model: TrainedModel) -> "ModelInfo":
    import mlflow

    design, examples = model.design, model.examples
    with mlflow.start_run(experiment_id=experiment, run_name=f"{design.model} {design.version}"):
        mlflow.log_params({"learns_from": design.learns_from, THRESHOLD: model.threshold})
        info: ModelInfo = mlflow.sklearn.log_model(
            model.pipeline,
            name=design.model,
            signature=mlflow.models.infer_signature(
                examples, model.pipeline.predict_proba(examples)
            ),
            # Named, because finding them out would take MLflow longer than all the rest.
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
            pyfunc_predict_fn="predict_proba",
            skops_trusted_types=_TRUSTED,
        )
    return info


def _register(
    client: "MlflowClient", recipe: Recipe, model: TrainedModel, logged: "ModelInfo"
) -> None:
    design = model.design
    made = client.create_model_version(
        design.model,
        source=logged.model_uri,
        run_id=logged.run_id,
        model_id=logged.model_id,
        description=f"Sees {', '.join(design.sees)}; {design.why}.",
        tags={FINGERPRINT: recipe.fingerprint, THRESHOLD: str(model.threshold)},
    )
    if str(made.version) != design.version:
        raise RegistryError(
            f"{design.model} was registered as version {made.version} instead of"
            f" {design.version} (is another preparation running?)"
        )


def _names() -> list[str]:
    return sorted({design.model for design in DESIGNS})


def _versions(client: "MlflowClient", name: str) -> "list[ModelVersion]":
    return list(client.search_model_versions(f"name = '{name}'"))


def _experiment(client: "MlflowClient", registry_url: str) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    # A registry in a file keeps its artifacts beside it; a server knows where to keep its own.
    beside = None
    if registry_url.startswith(_SQLITE):
        folder = Path(registry_url.removeprefix(_SQLITE)).resolve().parent / "artifacts"
        beside = folder.as_uri()
    return str(client.create_experiment(EXPERIMENT, artifact_location=beside))


@contextmanager
def _registry(url: str) -> Iterator["MlflowClient"]:
    """A client of the registry; until the end of the block models are logged there too."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is imported
    import mlflow
    from sqlalchemy.exc import SQLAlchemyError

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    before = os.environ.get("MLFLOW_TRACKING_URI")  # MLflow sets it along, for all to inherit
    try:
        mlflow.set_tracking_uri(url)
        yield mlflow.MlflowClient(tracking_uri=url, registry_uri=url)
    except (mlflow.MlflowException, SQLAlchemyError, OSError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RegistryError(
            f"the demo's models cannot be registered: {reason} (check the registry's address and"
            " that it is up)"
        ) from error
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]  # None: its own default
