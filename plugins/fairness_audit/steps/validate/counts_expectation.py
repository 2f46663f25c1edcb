"""The base of our expectations: a small table of counts in, sentences and a chart out."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import pandas as pd
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.render import (
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedContentBlockContainer,
    RenderedGraphContent,
    RenderedStringTemplateContent,
)
from great_expectations.render.renderer.renderer import renderer
from great_expectations.validator.metric_configuration import MetricConfiguration

from fairness_audit.steps.validate.judged import Seen


class CountsExpectation(BatchExpectation):
    """Base: the whole table of counts in, one ``Seen`` per group out.

    No field of a subclass has a default: Great Expectations leaves defaults out of what a page
    is rendered from.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.head",)

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: Any = None
    ) -> Any:
        """Ask for every row of the table of counts."""
        needed = super().get_validation_dependencies(execution_engine, runtime_configuration)
        needed.set_metric_configuration(
            metric_name="table.head",
            metric_configuration=MetricConfiguration(
                metric_name="table.head",
                metric_domain_kwargs=self.configuration.get_domain_kwargs(),
                metric_value_kwargs={"n_rows": None, "fetch_all": True},
            ),
        )
        return needed

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: Any = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        given = self._get_success_kwargs()
        frame: pd.DataFrame = metrics["table.head"]
        seen = self.see(frame, given)
        failed = [each for each in seen if not each.passed]
        details: dict[str, Any] = {"seen": [asdict(each) for each in seen]}
        if chart := self.chart(frame, given):
            details["chart"] = chart
        return {
            "success": bool(not failed),
            "result": {
                "observed_value": f"{len(seen) - len(failed)} of {len(seen)} as expected",
                "details": details,
            },
        }

    @classmethod
    def see(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> list[Seen]:
        """What is seen in the table of counts."""
        raise TypeError(f"{cls.__name__} judges nothing")

    @classmethod
    def chart(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> str | None:
        """A Vega-Lite chart beside the sentences, if one helps."""
        return None

    @classmethod
    def expected(cls, given: Mapping[str, Any]) -> str:
        """What is expected, as a sentence."""
        raise TypeError(f"{cls.__name__} expects nothing")

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[RenderedStringTemplateContent]:
        asked = configuration or result.expectation_config
        return [_text(cls.expected(asked.kwargs))]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)
    def _diagnostic_observed_value_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> RenderedContentBlockContainer | str:
        details = result.result.get("details") or {}
        blocks: list[Any] = [
            _text(f"{'✓' if each['passed'] else '✗'} {each['sentence']}")
            for each in details.get("seen", [])
        ]
        if "chart" in details:
            blocks.append(RenderedGraphContent(graph=details["chart"], styling=_CHART_STYLE))
        return RenderedContentBlockContainer(content_blocks=blocks) if blocks else "--"


_CHART_STYLE = {"classes": ["mt-2"]}


def _text(sentence: str) -> RenderedStringTemplateContent:
    return RenderedStringTemplateContent(
        string_template={
            "template": "$sentence",
            "params": {"sentence": sentence},
            "styling": {"classes": ["mb-1", "d-block"]},
        }
    )
