"""The files for Kubernetes and CI: valid where they are used, and closed where it matters."""

from typing import Any

import kubernetes_validate
import pytest
import yaml

from fairness_audit.web import relay
from fairness_audit.web.admission import MODEL, VERSION
from tests.builders.gating_files import GATING, container, job, kubernetes_objects, pod_of

OBJECTS = kubernetes_objects()
SCHEMAS = "1.34"
OURS = [name for name, each in OBJECTS.items() if "." not in each["apiVersion"].split("/")[0]
        or each["apiVersion"].split("/")[0].endswith(".k8s.io")]  # fmt: skip


def valid(thing: dict[str, Any]) -> None:
    kubernetes_validate.validate(thing, SCHEMAS, strict=True)


def test_the_files_are_there() -> None:
    assert set(OBJECTS) == {
        "Certificate/relay",
        "Deployment/relay",
        "InferenceService/lead-scoring",
        "Issuer/own",
        "Namespace/fairness-audit",
        "PodDisruptionBudget/relay",
        "Service/relay",
        "ValidatingWebhookConfiguration/fairness-audit",
    }
    assert set(OBJECTS) - set(OURS) == {
        "Certificate/relay",
        "InferenceService/lead-scoring",
        "Issuer/own",
    }


@pytest.mark.parametrize("name", OURS)
def test_kubernetes_own_kinds_fit_kubernetes_schemas(name: str) -> None:
    valid(OBJECTS[name])


@pytest.mark.parametrize("name", ["Deployment/relay", "InferenceService/lead-scoring"])
def test_what_runs_is_a_valid_pod(name: str) -> None:
    spec = pod_of(OBJECTS[name])
    valid({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec})
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True


def test_a_misspelt_field_is_noticed() -> None:
    webhook = yaml.safe_load(
        yaml.safe_dump(OBJECTS["ValidatingWebhookConfiguration/fairness-audit"])
    )
    webhook["webhooks"][0]["failurePolice"] = "Fail"
    with pytest.raises(kubernetes_validate.ValidationError):
        valid(webhook)


# --- the webhook --------------------------------------------------------------------------------


def the_webhook() -> dict[str, Any]:
    (webhook,) = OBJECTS["ValidatingWebhookConfiguration/fairness-audit"]["webhooks"]
    return dict(webhook)


def test_the_webhook_fails_closed() -> None:
    webhook = the_webhook()
    assert webhook["failurePolicy"] == "Fail"
    assert webhook["matchPolicy"] == "Equivalent"
    assert webhook["sideEffects"] == "None"
    assert webhook["admissionReviewVersions"] == ["v1"]
    assert relay.SECONDS < webhook["timeoutSeconds"] <= 30
    assert "objectSelector" not in webhook  # who writes an object could take its label off
    assert "matchConditions" not in webhook


def test_the_webhook_asks_about_everything_that_serves_in_a_gated_namespace() -> None:
    webhook = the_webhook()
    (rule,) = webhook["rules"]
    assert rule["apiGroups"] == ["serving.kserve.io"]
    assert rule["apiVersions"] == ["*"]
    assert set(rule["operations"]) == {"CREATE", "UPDATE"}
    assert rule["resources"] == ["inferenceservices"]
    assert webhook["namespaceSelector"] == {"matchLabels": {"fairness-audit/gated": "true"}}
    served_in = OBJECTS["InferenceService/lead-scoring"]["metadata"]["namespace"]
    told = (GATING / "kubernetes" / "README.md").read_text()
    assert f"kubectl label namespace {served_in} fairness-audit/gated=true" in told


def test_the_webhook_reaches_the_relay() -> None:
    asked = the_webhook()["clientConfig"]["service"]
    service = OBJECTS["Service/relay"]
    assert (asked["namespace"], asked["name"]) == (
        service["metadata"]["namespace"],
        service["metadata"]["name"],
    )
    (port,) = service["spec"]["ports"]
    assert asked["port"] == port["port"]
    deployment = OBJECTS["Deployment/relay"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    running = container(pod_of(deployment), "relay")
    assert [each["name"] for each in running["ports"]] == [port["targetPort"]]
    routes = {route.path for route in relay.relay(relay.Airflow("http://x", GATING)).routes}  # type: ignore[attr-defined]
    assert {asked["path"], running["readinessProbe"]["httpGet"]["path"]} == routes
    host = f"{asked['name']}.{asked['namespace']}.svc"
    certificate = OBJECTS["Certificate/relay"]
    assert certificate["spec"]["dnsNames"] == [host]
    inject = OBJECTS["ValidatingWebhookConfiguration/fairness-audit"]["metadata"]["annotations"]
    assert inject["cert-manager.io/inject-ca-from"] == "fairness-audit/relay"


def test_the_webhook_does_not_ask_about_what_it_runs_on() -> None:
    assert "labels" not in OBJECTS["Namespace/fairness-audit"]["metadata"]


# --- what is served -----------------------------------------------------------------------------


def test_the_served_example_says_one_thing_everywhere() -> None:
    service = OBJECTS["InferenceService/lead-scoring"]
    claims = service["metadata"]["annotations"]
    pod = pod_of(service)
    verified = container(pod, "verify")["args"]
    assert f"--model={claims[MODEL]}" in verified
    assert f"--version={claims[VERSION]}" in verified
    fetched = container(pod, "download")["args"]
    assert f"--artifact-uri=models:/{claims[MODEL]}/{claims[VERSION]}" in fetched


def test_the_files_are_verified_behind_the_download_and_before_the_server() -> None:
    pod = pod_of(OBJECTS["InferenceService/lead-scoring"])
    assert [each["name"] for each in pod["initContainers"]] == ["download", "verify"]
    assert "storageUri" not in str(pod)  # KServe would download behind the check
    places = {
        name: [mount for mount in container(pod, name)["volumeMounts"] if mount["name"] == "model"]
        for name in ("download", "verify", "kserve-container")
    }
    assert places["verify"] == places["kserve-container"]
    assert places["verify"][0]["readOnly"] is True
    assert places["verify"][0]["mountPath"] in container(pod, "verify")["args"]


def test_nothing_secret_stands_in_the_files() -> None:
    assert "Secret" not in {each["kind"] for each in OBJECTS.values()}
    environment = [
        each
        for name in ("Deployment/relay", "InferenceService/lead-scoring")
        for running in pod_of(OBJECTS[name]).get("initContainers", [])
        for each in running.get("env", [])
    ]
    assert environment
    assert not [each for each in environment if "PASSWORD" in each["name"]]


# --- CI -----------------------------------------------------------------------------------------


def test_githubs_release_waits_for_the_gate() -> None:
    workflow = job("github-actions.yaml")
    gate = workflow["jobs"]["gate"]
    assert workflow["jobs"]["release"]["needs"] == "gate"
    assert "continue-on-error" not in str(gate)
    assert "if" not in workflow["jobs"]["release"]
    assert workflow["permissions"] == {"contents": "read"}
    asks = gate["steps"][0]
    assert "${{" not in asks["run"]  # what a person typed is no part of the program
    assert asks["shell"] == "bash"


def test_gitlabs_release_waits_for_the_gate() -> None:
    pipeline = job("gitlab-ci.yaml")
    assert pipeline["release"]["needs"] == ["gate"]
    assert pipeline["gate"]["allow_failure"] is False
    assert set(pipeline["stages"]) == {"gate", "release"}
