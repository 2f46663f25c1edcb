"""Promotions race an audit that fails: none comes through behind it.

What a promotion and an audit do at once is decided by the ledger: who promotes keeps it as it is
from the decision to the write, so a failure is either seen, or not yet published.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from fairness_audit.installation import Installation
from fairness_audit.steps.gate.sweep import sweep
from tests.builders.published import FAILED, LOGICAL_DATE, MODEL, a_loaded_policy, appended
from tests.servers.registry_site import ALIAS, Site, served

API = "/api/2.0/mlflow"
PROMOTIONS = 50
AT_ONCE = 8
BEFORE_THE_FAILURE = 10
BEHIND_IT = 10
WITHIN_SECONDS = 60
LOCKED_SECONDS = 25
"""Who waits for a ledger that nobody gives back waits longer than this."""
DEMOTES = {"registered_model": MODEL, "alias": ALIAS, "valid_days": 35, "sweep": "demote"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A guarded server of two processes; what may not stay in production is taken out."""
    folder: Path = tmp_path_factory.mktemp("server")
    with served(folder, guarded=True, workers=2) as running:
        running.loaded = a_loaded_policy(folder, gate=DEMOTES)
        yield running


@dataclass
class Race:
    """Many promotions of one version, and what became of them."""

    site: Site
    promote: Callable[[], httpx.Response]
    accepted: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self.acknowledged = threading.Event()

    def run(self, meanwhile: Callable[[], None]) -> None:
        """Promote from several threads at once; call ``meanwhile`` once some were accepted."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            going = [pool.submit(self._again_and_again) for _ in range(AT_ONCE)]
            try:
                with self._changed:
                    enough = self._changed.wait_for(
                        lambda: self.accepted >= BEFORE_THE_FAILURE, WITHIN_SECONDS
                    )
                assert enough, self
                meanwhile()
                with self._changed:
                    assert self._changed.wait_for(self._is_over, WITHIN_SECONDS), self
            finally:
                self._stopped.set()
            for each in going:
                each.result()

    def _is_over(self) -> bool:
        return self.accepted + self.refused >= PROMOTIONS and self.refused >= BEHIND_IT

    def _again_and_again(self) -> None:
        while not self._stopped.is_set():
            is_behind = self.acknowledged.is_set()
            answer = self.promote()
            with self._changed:
                if answer.status_code == 200:
                    assert not is_behind, "promoted after the failure was acknowledged"
                    self.accepted += 1
                else:
                    assert answer.status_code == 403, answer.text
                    assert f"four_fifths: {FAILED.sentence}" in answer.json()["message"]
                    self.refused += 1
                self._changed.notify_all()


def by_alias(site: Site, version: str) -> httpx.Response:
    body = {"name": MODEL, "alias": ALIAS, "version": version}
    return site.http.post(f"{API}/registered-models/alias", json=body)


def by_stage(site: Site, version: str) -> httpx.Response:
    body = {"name": MODEL, "version": version, "stage": "Production"}
    return site.http.post(f"{API}/model-versions/transition-stage", json=body)


@pytest.mark.parametrize("way", [by_alias, by_stage])
def test_no_promotion_comes_through_behind_a_failure(
    site: Site, way: Callable[[Site, str], httpx.Response]
) -> None:
    version = site.version()
    site.audited(version)
    race = Race(site, lambda: way(site, version))
    left: list[tuple[str, ...]] = []

    def fail_and_sweep() -> None:
        later = LOGICAL_DATE + timedelta(days=int(version))
        site.audited(version, verdict="fail", findings=[FAILED], logical_date=later)
        race.acknowledged.set()
        # Whoever were promoted from here on would bring back what is taken out now.
        swept = sweep(
            site.loaded,
            ledger=site.ledger,
            registry=site.registry,
            trusted_keys=site.folder / "trusted",
            now=datetime.now(UTC),
        )
        left.append(tuple(each.done for each in swept))

    race.run(fail_and_sweep)
    assert left == [("demoted",)]
    assert not site.is_promoted(version)


def test_a_task_that_promotes_waits_for_no_publisher_who_waits_for_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Task, server and publisher want the ledger at once: each has its turn, again and again."""
    from fairness_audit.pipeline.promotion import _decided

    version = site.version()
    site.audited(version)
    monkeypatch.setenv("FAIRNESS_AUDIT_REGISTRY", site.address)
    for name, value in site.environment.items():
        monkeypatch.setenv(name, value)
    installation = Installation.from_environment()
    run: Any = SimpleNamespace(
        settings=installation.settings,
        installation=installation,
        loaded=site.loaded,
        promotes=True,
    )
    done, published = threading.Event(), []

    def publish() -> None:
        while not done.is_set():
            after = timedelta(seconds=len(published))
            appended(site.ledger, model="case_routing", logical_date=LOGICAL_DATE + after)
            published.append(after)

    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish)
        try:
            started = time.monotonic()
            for _ in range(5):
                assert _decided(run, version).reasons == ("verdict pass, nothing against it",)
                assert site.is_promoted(version)
                site.registry.demote(MODEL, version, ALIAS)
            took = time.monotonic() - started
        finally:
            done.set()
        publishing.result()
    assert published
    assert took < LOCKED_SECONDS
