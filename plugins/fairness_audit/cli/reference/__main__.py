"""`python -m fairness_audit.cli.reference`: write the page anew in this checkout."""

from fairness_audit.cli.reference.page import reference
from fairness_audit.files import PACKAGE

(PACKAGE.parents[1] / "docs" / "reference.md").write_text(reference(), encoding="utf-8")
