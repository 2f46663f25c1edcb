"""What each vendor calls the objects and columns of the sample CRM, and how its ids look.

Custom objects and fields are named as the vendor makes them (`__c`); the rest are its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from fairness_audit.sources.salesforce.fields import long_id

IdOf = Callable[[str, int], str]


class Vendor(StrEnum):
    """Whose API serves the sample CRM."""

    SALESFORCE = "salesforce"
    ZOHO = "zoho"
    HUBSPOT = "hubspot"


@dataclass(frozen=True)
class NamedField:
    """A field: the sample's column, the vendor's name and type; ``refers`` to ids of a prefix."""

    column: str | None
    name: str
    kind: str
    refers: str | None = None
    make: Callable[[Mapping[str, Any]], Any] | None = None
    is_created: bool = False

    def value(self, row: Mapping[str, Any], id_of: IdOf) -> Any:
        """The field of one row of the sample."""
        value = self.make(row) if self.make else row[self.column] if self.column else None
        if self.refers is None or value is None:
            return value
        return id_of(_prefix(self.refers, row), int(value))


def _prefix(refers: str, row: Mapping[str, Any]) -> str:
    """Of a decision, the subject is a lead or a contact: its model says which."""
    if refers != "subject":
        return refers
    return "lead" if row["model"] == "lead_scoring" else "contact"


@dataclass(frozen=True)
class NamedObject:
    """An object of the sample by the vendor's name; ``key`` is the sample's column of its id."""

    name: str
    key: str
    prefix: str
    fields: tuple[NamedField, ...]


@dataclass(frozen=True)
class Names:
    """A vendor's names of everything."""

    key: str
    id_of: IdOf
    objects: Mapping[str, NamedObject]
    own: tuple[NamedField, ...]
    deleted: NamedField | None


_PREFIXES = {
    "lead": "00Q",
    "contact": "003",
    "opportunity": "006",
    "campaign": "701",
    "member": "00v",
    "decision": "a00",
    "response": "a01",
    "account": "001",
    "product": "01t",
    "case": "500",
    "recommendation": "a02",
    "task": "00T",
    "user": "005",
}


def _salesforce_id(prefix: str, number: int) -> str:
    return long_id(f"{_PREFIXES[prefix]}{number:012}")


def _zoho_id(prefix: str, number: int) -> str:
    return str(4_150_868_000_000_000_000 + (list(_PREFIXES).index(prefix) << 32) + number)


def _hubspot_id(prefix: str, number: int) -> str:
    return str(10_000_000_000 + number)


def _is_closed(row: Mapping[str, Any]) -> bool:
    return row["closed_at"] is not None


def _stage_since(row: Mapping[str, Any]) -> Any:
    return row["closed_at"] or row["created_at"]


_Kinds = Mapping[str, str]
_SALESFORCE: _Kinds = {
    "text": "string",
    "bool": "boolean",
    "int": "int",
    "float": "double",
    "date": "date",
    "at": "datetime",
    "id": "id",
    "ref": "reference",
    "money": "currency",
    "due": "date",
}
_ZOHO: _Kinds = {
    "text": "text",
    "bool": "boolean",
    "int": "integer",
    "float": "double",
    "date": "date",
    "at": "datetime",
    "id": "bigint",
    "ref": "text",
    "money": "currency",
    "due": "date",
}
_HUBSPOT: _Kinds = {
    "text": "string",
    "bool": "bool",
    "int": "number",
    "float": "number",
    "date": "date",
    "at": "datetime",
    "id": "string",
    "ref": "string",
    "money": "number",
    "due": "datetime",
}

_Line = tuple[str, str, str, str, str]
"""The sample's column, the part it plays, and the names of Salesforce, Zoho and HubSpot."""


class _Object(NamedTuple):
    names: tuple[str, str, str]
    key: str
    prefix: str
    lines: tuple[_Line, ...]


_OBJECTS = {
    "score_log": _Object(
        names=("Score_Log__c", "Score_Logs", "score_logs"),
        key="decision_id",
        prefix="decision",
        lines=(
            ("model", "text", "Model__c", "Model", "model"),
            ("model_version", "text", "Model_Version__c", "Model_Version", "model_version"),
            ("subject_id", "subject", "Subject__c", "Subject", "subject"),
            ("campaign_id", "campaign", "Campaign__c", "Campaign", "campaign"),
            ("score", "float", "Score__c", "Score", "score"),
            ("selected", "bool", "Selected__c", "Selected", "selected"),
            ("decided_at", "at", "Decided_At__c", "Decided_At", "decided_at"),
        ),
    ),
    "lead": _Object(
        names=("Lead", "Leads", "leads"),
        key="lead_id",
        prefix="lead",
        lines=(
            (
                "survey_respondent_id",
                "text",
                "Survey_Respondent__c",
                "Survey_Respondent",
                "survey_respondent",
            ),
            (
                "converted_opportunity_id",
                "opportunity",
                "ConvertedOpportunityId",
                "Converted_Deal",
                "converted_deal",
            ),
            ("salutation", "text", "Salutation", "Salutation", "salutation"),
            ("lead_source", "text", "LeadSource", "Lead_Source", "lead_source"),
            ("industry", "text", "Industry", "Industry", "industry"),
            ("job_level", "text", "Job_Level__c", "Job_Level", "job_level"),
            ("budget_stated", "text", "Budget_Stated__c", "Budget_Stated", "budget_stated"),
            ("employees", "int", "NumberOfEmployees", "No_of_Employees", "numberofemployees"),
            ("website_visits", "int", "Website_Visits__c", "Website_Visits", "website_visits"),
            ("email_clicks", "int", "Email_Clicks__c", "Email_Clicks", "email_clicks"),
            ("status", "text", "Status", "Lead_Status", "hs_lead_status"),
            ("is_test", "bool", "Test__c", "Test_Record", "test_record"),
        ),
    ),
    "opportunity": _Object(
        names=("Opportunity", "Deals", "deals"),
        key="opportunity_id",
        prefix="opportunity",
        lines=(("is_won", "bool", "IsWon", "Is_Won", "hs_is_closed_won"),),
    ),
    "contact": _Object(
        names=("Contact", "Contacts", "contacts"),
        key="contact_id",
        prefix="contact",
        lines=(
            (
                "survey_respondent_id",
                "text",
                "Survey_Respondent__c",
                "Survey_Respondent",
                "survey_respondent",
            ),
            ("birth_date", "date", "Birthdate", "Date_of_Birth", "date_of_birth"),
            ("postcode", "text", "MailingPostalCode", "Mailing_Zip", "zip"),
            ("tier", "text", "Tier__c", "Tier", "tier"),
            ("tenure_years", "float", "Tenure_Years__c", "Tenure_Years", "tenure_years"),
            (
                "orders_last_year",
                "int",
                "Orders_Last_Year__c",
                "Orders_Last_Year",
                "orders_last_year",
            ),
            (
                "spend_last_year",
                "money",
                "Spend_Last_Year__c",
                "Spend_Last_Year",
                "spend_last_year",
            ),
            (
                "newsletter_opens",
                "int",
                "Newsletter_Opens__c",
                "Newsletter_Opens",
                "newsletter_opens",
            ),
            ("is_test", "bool", "Test__c", "Test_Record", "test_record"),
        ),
    ),
    "campaign_member": _Object(
        names=("CampaignMember", "Campaign_Members", "campaign_members"),
        key="member_id",
        prefix="member",
        lines=(
            ("campaign_id", "campaign", "CampaignId", "Campaign", "campaign"),
            ("contact_id", "contact", "ContactId", "Member", "contact"),
            ("responded_at", "at", "Responded_At__c", "Responded_At", "responded_at"),
        ),
    ),
    "self_identification": _Object(
        names=("Self_Identification__c", "Self_Identifications", "self_identifications"),
        key="response_id",
        prefix="response",
        lines=(
            ("respondent_id", "text", "Respondent__c", "Respondent", "respondent"),
            ("gender", "text", "Gender__c", "Gender", "gender"),
            ("age_band", "text", "Age_Band__c", "Age_Band", "age_band"),
            ("ethnic_group", "text", "Ethnic_Group__c", "Ethnic_Group", "ethnic_group"),
            ("answered_at", "at", "Answered_At__c", "Answered_At", "answered_at"),
        ),
    ),
    "account": _Object(
        names=("Account", "Accounts", "companies"),
        key="account_id",
        prefix="account",
        lines=(
            ("industry", "text", "Industry", "Industry", "industry"),
            ("employees", "int", "NumberOfEmployees", "Employees", "numberofemployees"),
        ),
    ),
    "campaign": _Object(
        names=("Campaign", "Campaigns", "marketing_campaigns"),
        key="campaign_id",
        prefix="campaign",
        lines=(
            ("channel", "text", "Type", "Type", "channel"),
            ("product_id", "product", "Product__c", "Product", "product"),
            ("starts_on", "date", "StartDate", "Start_Date", "start_date"),
            ("ends_on", "date", "EndDate", "End_Date", "end_date"),
        ),
    ),
    "case": _Object(
        names=("Case", "Cases", "tickets"),
        key="case_id",
        prefix="case",
        lines=(
            ("contact_id", "contact", "ContactId", "Related_To", "contact"),
            ("priority", "text", "Priority", "Priority", "hs_ticket_priority"),
            ("status", "text", "Status", "Status", "hs_pipeline_stage"),
            ("opened_at", "at", "Opened_At__c", "Opened_At", "opened_at"),
            ("closed_at", "at", "ClosedDate", "Closed_At", "closed_date"),
        ),
    ),
    "product": _Object(
        names=("Product2", "Products", "products"),
        key="product_id",
        prefix="product",
        lines=(
            ("family", "text", "Family", "Product_Category", "hs_product_type"),
            ("list_price", "money", "List_Price__c", "Unit_Price", "price"),
            ("is_active", "bool", "IsActive", "Product_Active", "active"),
        ),
    ),
    "recommendation": _Object(
        names=("Recommendation_Shown__c", "Recommendations_Shown", "recommendations_shown"),
        key="recommendation_id",
        prefix="recommendation",
        lines=(
            ("contact_id", "contact", "Contact__c", "Shown_To", "contact"),
            ("product_id", "product", "Product__c", "Product", "product"),
            ("position", "int", "Position__c", "Position", "position"),
            ("shown_at", "at", "Shown_At__c", "Shown_At", "shown_at"),
            ("clicked", "bool", "Clicked__c", "Clicked", "clicked"),
        ),
    ),
    "task": _Object(
        names=("Task", "Tasks", "tasks"),
        key="task_id",
        prefix="task",
        lines=(
            ("lead_id", "lead", "WhoId", "What_Id", "lead"),
            ("case_id", "case", "WhatId", "What_Id", "ticket"),
            ("owner_id", "user", "OwnerId", "Owner", "hubspot_owner_id"),
            ("kind", "text", "TaskSubtype", "Task_Type", "hs_task_type"),
            ("priority", "text", "Priority", "Priority", "hs_task_priority"),
            ("status", "text", "Status", "Status", "hs_task_status"),
            ("due_on", "due", "ActivityDate", "Due_Date", "hs_timestamp"),
            ("completed_at", "at", "CompletedDateTime", "Closed_Time", "hs_task_completion_date"),
        ),
    ),
}
_REFERENCES = (
    "subject",
    "campaign",
    "opportunity",
    "contact",
    "product",
    "lead",
    "case",
    "user",
)
_CLOSING = (
    ("IsClosed", "Is_Closed", "hs_is_closed"),
    ("LastStageChangeDate", "Stage_Changed_At", "stage_changed_at"),
)


def _objects(place: int, kinds: _Kinds, key: str) -> dict[str, NamedObject]:
    found = {}
    for name, (names, column, prefix, lines) in _OBJECTS.items():
        fields = [NamedField(column, key, kinds["id"], refers=prefix)]
        for line in lines:
            part = line[1]
            kind = kinds["ref"] if part in _REFERENCES else kinds[part]
            refers = part if part in _REFERENCES else None
            fields.append(NamedField(line[0], line[2:][place], kind, refers))
        if name == "opportunity":
            closed, since = (each[place] for each in _CLOSING)
            fields.append(NamedField("closed_at", closed, kinds["bool"], make=_is_closed))
            fields.append(NamedField("closed_at", since, kinds["at"], make=_stage_since))
        found[name] = NamedObject(names[place], column, prefix, tuple(fields))
    return found


_IS_DELETED = NamedField(None, "IsDeleted", "boolean", make=lambda row: False)
_IS_ARCHIVED = NamedField(None, "archived", "bool", make=lambda row: False)
_IS_CONVERTED = NamedField(
    None, "converted", "boolean", make=lambda row: row.get("converted_at") is not None
)
VENDORS: dict[Vendor, Names] = {
    Vendor.SALESFORCE: Names(
        key="Id",
        id_of=_salesforce_id,
        objects=_objects(0, _SALESFORCE, "Id"),
        own=(NamedField("created_at", "CreatedDate", "datetime", is_created=True), _IS_DELETED),
        deleted=_IS_DELETED,
    ),
    Vendor.ZOHO: Names(
        key="id",
        id_of=_zoho_id,
        objects=_objects(1, _ZOHO, "id"),
        own=(
            NamedField("created_at", "Created_Time", "datetime", is_created=True),
            _IS_CONVERTED,
        ),
        deleted=None,
    ),
    Vendor.HUBSPOT: Names(
        key="id",
        id_of=_hubspot_id,
        objects=_objects(2, _HUBSPOT, "id"),
        own=(
            NamedField("created_at", "createdAt", "datetime", is_created=True),
            NamedField("created_at", "updatedAt", "datetime", is_created=True),
            _IS_ARCHIVED,
        ),
        deleted=_IS_ARCHIVED,
    ),
}
"""Zoho removes what is deleted from everything but its recycle bin."""
