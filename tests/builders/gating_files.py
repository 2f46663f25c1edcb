"""Reads the files that let Kubernetes and CI ask the gate, as those would."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

GATING = Path(str(files("fairness_audit.deploy")))


def kubernetes_objects() -> dict[str, dict[str, Any]]:
    """Every object of the Kubernetes files, by kind and name."""
    found = [
        each
        for file in sorted((GATING / "kubernetes").glob("*.yaml"))
        for each in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    ]
    named = {f"{each['kind']}/{each['metadata']['name']}": each for each in found}
    assert len(named) == len(found)
    return named


def pod_of(thing: dict[str, Any]) -> dict[str, Any]:
    """The pod that a Deployment or an InferenceService is about."""
    spec = thing["spec"]
    pod: dict[str, Any] = spec["predictor"] if "predictor" in spec else spec["template"]["spec"]
    return pod


def container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    """A container or init container of a pod."""
    (found,) = [
        each for each in [*pod.get("initContainers", []), *pod["containers"]]
        if each["name"] == name
    ]  # fmt: skip
    return dict(found)


def job(name: str) -> dict[str, Any]:
    """A CI file; `on` is a word of GitHub's, which YAML 1.1 reads as true."""
    content = yaml.safe_load((GATING / "ci" / name).read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in content.items()}
