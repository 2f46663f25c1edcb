"""From an Airflow connection to a source: what cannot be used is named with the policy's line."""

from pathlib import Path

import pytest

from fairness_audit.errors import SourceError
from fairness_audit.pipeline.run import source_of
from fairness_audit.settings import Settings
from tests.builders.loaded_policies import a_loaded_policy, an_object


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ('{"conn_type": "postgres", "host": "db", "extra": "[1]"}', "extra .* is no JSON object"),
        ('{"conn_type": "hubspot", "host": "a:b", "password": "t"}', "its port is no number"),
        ("postgres://login:canary@db:abc/crm", r"that it can read \(its port may be no number"),
        ('{"conn_type": "postgres", "host": "db", "port": "canary"}', "that it can read"),
    ],
)
def test_a_connection_that_cannot_be_used_is_named(
    airflow_database: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    connection: str,
    said: str,
) -> None:
    loaded = a_loaded_policy(tmp_path, lead=an_object("leads", ["id"]))
    name = loaded.policy.source.connection
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", connection)
    with pytest.raises(
        SourceError, match=rf"policy\.yaml:\d+: source\.connection: .*{said}"
    ) as no:
        source_of(loaded, Settings.from_environment())
    assert "canary" not in str(no.value)
