"""Scheduled fairness audits of CRM models, with signed records and a promotion gate.

The map: every room knows only those below it.

demo          The sample CRM, its planted biases, and vendors' APIs on this machine.
cli           The command `fairness-audit`: one module per noun, one way to print and to exit.
release       The names that a DAG of yours imports to release what the gate allowed.
pipeline      All that knows Airflow: tasks, questions to people, notices, the local runner.
review        What people are asked about an audit, and what their answers make.
guard         Asks the gate where versions are promoted or served.
web           All that answers over HTTP; who may ask is passed in.
replay        Audits made again: from their snapshot, or from today's data.
deploy        What an installation runs or copies beside Airflow: secrets, databases, CI files.
steps         The steps of an audit, from extract to gate: none knows another.
installation  An installation, opened: its policies, ledger, records, registry and keys.
ledger        Every record, appended once, with the heads that prove it whole, and the keys.
registry      The model registry: what a version consists of, and what an alias names.
site          The static site: Data Docs made harmless, in a frame of our own.
sources       Where CRM rows come from, and which connection opens them.
records       What a step hands on, small, frozen, JSON; `signed` holds what is signed of it.
policy        What an audit checks, as its owner wrote it; every fault is named with its line.
settings      Where things are, from the environment. Nothing here is secret except by reference.
tabular       Files as people have them, read as strict tables by their bytes, not by their names.
engine        What runs the static SQL: an engine that is locked before it sees data.
files         Files that are visible whole or not at all.
statistics    Pure functions of counts, each with the source of its formula.
text          Text from elsewhere, made safe for the place it is shown in.
encoding      Bytes and values: one spelling per value (RFC 8785), and YAML as plain data.
errors        Errors an operator meets. Each message names the place, the fault and the cure.

The flow through them stands in ``dags/audit_models.py``; the layers are held by import-linter.
"""

__version__ = "0.1.0"
