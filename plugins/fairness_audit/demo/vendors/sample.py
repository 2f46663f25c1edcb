"""The sample CRM as each vendor would hold it: objects, fields and ids by the vendor's names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa
from adbc_driver_postgresql import dbapi

from fairness_audit.demo.vendors.hubspot import Hubspot
from fairness_audit.demo.vendors.names import VENDORS, NamedField, NamedObject, Vendor
from fairness_audit.demo.vendors.salesforce import Salesforce
from fairness_audit.demo.vendors.served import Company, Record, ServedField, ServedObject
from fairness_audit.demo.vendors.zoho import Zoho

_READ = {
    "score_log": "SELECT * FROM ml.score_log",
    "lead": "SELECT * FROM crm.leads",
    "opportunity": "SELECT * FROM crm.opportunities",
    "contact": "SELECT * FROM crm.contacts",
    "campaign_member": "SELECT * FROM crm.campaign_members",
    "self_identification": "SELECT * FROM survey.self_identification",
    "account": "SELECT * FROM crm.accounts",
    "campaign": "SELECT * FROM crm.campaigns",
    "case": "SELECT * FROM crm.cases",
    "product": "SELECT * FROM crm.products",
    "recommendation": "SELECT * FROM crm.recommendations_shown",
    "task": "SELECT * FROM crm.tasks",
}
_ERASED = 7
"""So many records of every object were deleted or archived before the sample's today."""

_STATES: dict[Vendor, Callable[[Company], Any]] = {
    Vendor.SALESFORCE: Salesforce,
    Vendor.ZOHO: Zoho,
    Vendor.HUBSPOT: Hubspot,
}


@dataclass(frozen=True)
class _Rows:
    """The rows of one sample table, and the vendor's names for them."""

    vendor: Vendor
    named: NamedObject
    table: pa.Table

    def served(self) -> ServedObject:
        """The rows by the vendor's names, and some more that were deleted."""
        names = VENDORS[self.vendor]
        records = [self._record(row) for row in self.table.to_pylist()]
        if names.deleted is not None:
            last = int(self.table[self.named.key].to_numpy().max())
            for i, each in enumerate(records[:_ERASED], 1):
                key = {names.key: names.id_of(self.named.prefix, last + i)}
                records.append(each | key | {names.deleted.name: True})
        fields = [_field(each) for each in (*self.named.fields, *names.own)]
        return ServedObject(self.named.name, tuple(fields), records)

    def _record(self, row: Mapping[str, Any]) -> Record:
        names = VENDORS[self.vendor]
        record: Record = {}
        for each in self.named.fields:
            value = each.value(row, names.id_of)
            if each.kind == "datetime" and type(value) is date:
                value = datetime.combine(value, time.min, UTC)  # HubSpot's tasks are due at a time
            # Zoho has one field for whatever a task is about.
            if value is not None or each.name not in record:
                record[each.name] = value
        created = row.get("created_at") or _LONG_AGO
        for own in names.own:
            record.setdefault(own.name, created if own.is_created else own.value(row, names.id_of))
        return record


_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _field(named: NamedField) -> ServedField:
    return ServedField(named.name, named.kind)


def vendor_state(vendor: Vendor, uri: str) -> Any:
    """The state of the vendor's API that holds the sample CRM of the database at ``uri``."""
    objects = {}
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        for name, query in _READ.items():
            cursor.execute(query)
            rows = _Rows(vendor, VENDORS[vendor].objects[name], cursor.fetch_arrow_table())
            served = rows.served()
            objects[served.name] = served
    return _STATES[vendor](Company(objects, page_rows=2000, day_limit=1_000_000))
