"""An installation whose CRM is a vendor's: the demo's policies, with that vendor's names.

Rules, attributes, suites and SQL stay what they are; only where the rows come from differs.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fairness_audit.demo.vendors.hubspot import TOKEN
from fairness_audit.demo.vendors.names import VENDORS, NamedObject, Names, Vendor
from fairness_audit.demo.vendors.salesforce import CLIENT as SALESFORCE_CLIENT
from fairness_audit.demo.vendors.salesforce import SECRET as SALESFORCE_SECRET
from fairness_audit.demo.vendors.zoho import CLIENT, REFRESH, SECRET
from fairness_audit.policy.load import FILE_NAME

_SHARED = ("sql", "dags", "plugins")


def vendor_home(home: Path, vendor: Vendor, folder: Path) -> None:
    """Make ``folder`` an installation like ``home``, whose CRM is the vendor's."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SHARED:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(home / name, target_is_directory=True)
    shutil.rmtree(folder / "expectations", ignore_errors=True)
    for file in sorted((home / "expectations").glob(f"*/{FILE_NAME}")):
        own = folder / "expectations" / file.parent.name
        shutil.copytree(file.parent, own)
        policy = yaml.safe_load(file.read_text(encoding="utf-8"))
        policy |= {"source": vendor_source(policy["source"], vendor)}
        text = yaml.safe_dump(policy, sort_keys=False, allow_unicode=True)
        (own / FILE_NAME).write_text(text, encoding="utf-8")


def vendor_source(source: Mapping[str, Any], vendor: Vendor) -> dict[str, Any]:
    """The part of a policy that says what leaves the CRM, by the vendor's names."""
    names = VENDORS[vendor]
    objects = {
        name: _object(declared, names.objects[name], names)
        for name, declared in source["objects"].items()
    }
    return {"crm": vendor.value, "connection": source["connection"], "objects": objects}


def _object(declared: Mapping[str, Any], named: NamedObject, names: Names) -> dict[str, Any]:
    by_column: dict[str, list[str]] = {}
    for each in (*named.fields, *names.own):
        if each.column is not None:
            by_column.setdefault(each.column, []).append(each.name)
    columns = [name for column in declared["columns"] for name in by_column.get(column, ())]
    columns += [] if names.deleted is None else [names.deleted.name]
    found: dict[str, Any] = {
        "table": named.name,
        "columns": list(dict.fromkeys(columns)),
        "key": names.key,
    }
    if "window_on" in declared:
        (found["window_on"],) = by_column[declared["window_on"]]
    return found


def vendor_connection(vendor: Vendor, address: str) -> str:
    """The JSON that Airflow reads from ``AIRFLOW_CONN_<ID>``."""
    given: dict[Vendor, dict[str, Any]] = {
        Vendor.SALESFORCE: {
            "host": address,
            "login": SALESFORCE_CLIENT,
            "password": SALESFORCE_SECRET,
        },
        Vendor.ZOHO: {
            "login": CLIENT,
            "password": SECRET,
            "extra": {"refresh_token": REFRESH, "data_center": address},
        },
        Vendor.HUBSPOT: {"host": address, "password": TOKEN},
    }
    return json.dumps({"conn_type": vendor.value} | given[vendor])
