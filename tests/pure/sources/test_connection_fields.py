"""What a connection may hold: what is wrong is named, and not repeated where it is secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.errors import SourceError
from fairness_audit.sources.connections import Address, source_at
from fairness_audit.sources.web.addresses import web_address

SECRET = "canary-p@ss"
SALESFORCE = {"host": "company.my.salesforce.com", "login": "id", "password": SECRET}
ZOHO = {"login": "id", "password": SECRET, "extra": {"refresh_token": SECRET}}


def an_address(state: Path, kind: str, **fields: Any) -> Address:
    return Address.parsed(json.dumps({"conn_type": kind} | fields), state)


@pytest.mark.parametrize("port", [0, -1, 65_536, "5432", "canary", 54.32, True, [], {}])
@pytest.mark.parametrize("kind", ["postgres", "mysql", "salesforce", "hubspot"])
def test_a_port_is_a_number_that_ports_have(tmp_path: Path, kind: str, port: Any) -> None:
    with pytest.raises(SourceError, match="the port of the connection is no number from 1 to"):
        an_address(tmp_path, kind, host="db", port=port)


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "null", '{"host": "db"}', "postgres://h"])
def test_a_connection_is_a_json_object(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match="is no JSON object with a conn_type"):
        Address.parsed(text, tmp_path)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"extra": []}, "extra of the connection is no JSON object"),
        ({"extra": "{}"}, "extra of the connection is no JSON object"),
        ({"host": 7}, "the host of the connection is no text"),
        ({"host": "/crm\0.db"}, "the host of the connection is no text"),
        ({"password": ["canary"]}, "the password of the connection is no text"),
    ],
)
def test_a_field_is_of_its_type(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        an_address(tmp_path, "postgres", **fields)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("company:abc", "its port is no number"),
        ("company:99999", "its port is no number"),
        ("company:", "its port is no number"),
        ("https://company:0", "its port is no number"),
        ("ftp://company", "neither https:// nor http://"),
        ("postgresql://company", "neither https:// nor http://"),
        ("https://me:canary@company", "more than a host"),
        ("https://company?token=canary", "more than a host"),
        ("https://company#canary", "more than a host"),
        ("https://", "names no host"),
        ("https://company\\@canary", "more than a host"),
        ("com pany", "names no host"),
        ("https://[::1", "names no host"),
        ("https://company/a b", "names no host"),
        ("https://münchen.example", "names no host"),
    ],
)
@pytest.mark.parametrize("kind", ["salesforce", "hubspot"])
def test_a_host_is_an_address(tmp_path: Path, kind: str, host: str, said: str) -> None:
    address = an_address(tmp_path, kind, **SALESFORCE | {"host": host})
    with pytest.raises(SourceError, match=f"the host of the connection is no address: .*{said}"):
        source_at(address)
    extra = {"refresh_token": SECRET, "data_center": host}
    address = an_address(tmp_path, "zoho", **ZOHO | {"extra": extra})
    with pytest.raises(SourceError, match="there is no such data centre"):
        source_at(address)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("company.my.salesforce.com", "https://company.my.salesforce.com"),
        (" https://company.example/ ", "https://company.example"),
        ("HTTP://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[::1]:443/crm", "https://[::1]:443/crm"),
    ],
)
def test_an_address_is_https_unless_it_says_otherwise(given: str, meant: str) -> None:
    assert web_address(given) == meant


def test_the_port_of_a_connection_is_that_of_its_address(tmp_path: Path) -> None:
    assert web_address("proxy.example", 8443) == "https://proxy.example:8443"
    assert web_address("https://proxy.example:9443/crm", 8443) == "https://proxy.example:9443/crm"
    source = source_at(an_address(tmp_path, "salesforce", **SALESFORCE | {"port": 8443}))
    assert repr(source) == "SalesforceSource(company.my.salesforce.com:8443)"


@pytest.mark.parametrize(
    ("kind", "fields", "extra", "said"),
    [
        ("salesforce", SALESFORCE, {"quota_share": "nan"}, "quota_share .* from 0 to 1"),
        ("salesforce", SALESFORCE, {"quota_share": 80}, "quota_share .* from 0 to 1"),
        ("salesforce", SALESFORCE, {"quota_share": -0.1}, "quota_share .* from 0 to 1"),
        ("salesforce", SALESFORCE, {"quota_share": []}, "quota_share .* from 0 to 1"),
        ("salesforce", SALESFORCE, {"api_version": "../60"}, "api_version .* is no version"),
        ("salesforce", SALESFORCE, {"api_version": 60}, "api_version .* is no version"),
        ("zoho", ZOHO, {"least_credits": "inf"}, "least_credits of the connection is no number"),
        ("zoho", ZOHO, {"least_credits": "many"}, "least_credits of the connection is no number"),
        ("zoho", ZOHO, {"data_center": 7}, "there is no such data centre"),
    ],
)
def test_a_number_of_extra_is_one_that_can_be_meant(
    tmp_path: Path, kind: str, fields: dict[str, Any], extra: dict[str, Any], said: str
) -> None:
    given = fields | {"extra": fields.get("extra", {}) | extra}
    with pytest.raises(SourceError, match=said):
        source_at(an_address(tmp_path, kind, **given))


@pytest.mark.parametrize("token", ["pat-é", "pat-1\npat-2", "a b"])
def test_a_token_is_what_a_header_can_hold(tmp_path: Path, token: str) -> None:
    with pytest.raises(SourceError, match="holds what no token does") as caught:
        source_at(an_address(tmp_path, "hubspot", password=token))
    assert token not in str(caught.value)


@pytest.mark.parametrize("host", ["db?sslmode=disable", "db/other", "me@db"])
def test_a_host_adds_nothing_to_the_address_of_a_database(tmp_path: Path, host: str) -> None:
    source = source_at(an_address(tmp_path, "postgres", host=host, schema="crm"))
    assert repr(source) == f"PostgresSource({host}:5432/crm)"


@pytest.mark.parametrize(
    ("host", "shown"), [("db", "db"), ("[::1]", "::1"), ("10.0.0.1", "10.0.0.1")]
)
def test_a_host_of_a_database_is_a_name_or_a_number(tmp_path: Path, host: str, shown: str) -> None:
    source = source_at(an_address(tmp_path, "postgres", host=host, schema="crm"))
    assert repr(source) == f"PostgresSource({shown}:5432/crm)"
