"""The example that is served, asked about as Kubernetes asks."""

from tests.builders.gating_files import kubernetes_objects
from tests.servers.gate_api import READER, FakeGatekeeper, a_decision, a_review, served


def test_the_example_is_admitted_as_the_gate_says() -> None:
    example = kubernetes_objects()["InferenceService/lead-scoring"]
    for decision, allowed in (("allow", True), ("block", False)):
        told = FakeGatekeeper(answers={("lead_scoring", "2"): a_decision(decision)})
        with served(told) as caller:
            reply = caller.post("/api/v1/admission", READER, a_review(object=example))
        assert reply.json["response"]["allowed"] is allowed
