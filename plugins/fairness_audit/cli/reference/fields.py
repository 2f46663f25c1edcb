"""The fields that a JSON schema describes: a table per object, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairness_audit.cli.reference.markdown import cell, code, link, table

Schema = Mapping[str, Any]

_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no"}
_FORMATS = {
    "exact-fraction": "exact fraction",
    "fraction": "fraction",
    "date-time": "moment",
    "date": "day",
}


class Fields:
    """The objects of one schema, each shown at the first place where a reader meets it."""

    def __init__(self, definitions: Mapping[str, Schema], *, optional: str) -> None:
        """``optional`` is the word for a field that may be left out, and has no default."""
        self._definitions = definitions
        self._optional = optional
        self._places: dict[str, str] = {}

    def described(self, schema: Schema, place: str = "") -> Iterator[str]:
        """The lines about an object, then about all that it holds."""
        if place:
            yield from (f"### {code(place)}", "", cell(schema["description"]), "")
        fields: Mapping[str, Schema] = schema["properties"]
        new = []
        for name, field in fields.items():
            for held in self._held(field):
                if held not in self._places:
                    self._places[held] = _place(place, name, field)
                    new.append(held)
        required = schema.get("required", ())
        yield from table(
            ("field", "is", "default", "means"),
            (
                (
                    code(name),
                    self._type(field),
                    "" if name in required else self._default(field),
                    cell(field["description"]),
                )
                for name, field in fields.items()
            ),
        )
        for held in new:
            yield from self.described(self._definitions[held], self._places[held])

    def _held(self, field: Schema) -> Iterator[str]:
        """The objects in a field: itself, or what its list or mapping is of."""
        for kind in _kinds(field):
            name = _named(kind)
            if name is not None and "properties" in self._definitions[name]:
                yield name
            if kind.get("type") in ("array", "object"):
                yield from self._held(_inside(kind))

    def _type(self, field: Schema) -> str:
        """What may stand in a field, in words."""
        return " or ".join(self._kind(kind) for kind in _kinds(field))

    def _kind(self, kind: Schema) -> str:
        if kind.get("format") in _FORMATS:
            return _FORMATS[kind["format"]]
        name = _named(kind)
        if name is not None and "properties" in self._definitions[name]:
            return link(code(self._places[name]), self._places[name])
        if name is not None:
            kind = self._definitions[name]
        if "enum" in kind or "const" in kind:
            return _codes(kind.get("enum") or [kind["const"]])
        match kind["type"]:
            case "array":
                return f"list of {_count(kind)}{self._type(_inside(kind))}"
            case "object":
                return f"mapping of names to {self._type(_inside(kind))}"
            case simple:
                return _TYPES[simple] + _limits(kind)

    def _default(self, field: Schema) -> str:
        default = field["default"]
        if default in (None, [], {}):
            return self._optional
        if isinstance(default, Mapping):
            return "those of its fields"
        return _codes(default if isinstance(default, list) else [default])


def _kinds(field: Schema) -> Sequence[Schema]:
    """The alternatives of a field, without the one that stands for leaving it out."""
    if "format" in field:
        return [field]
    return [each for each in field.get("anyOf", [field]) if each.get("type") != "null"]


def _named(kind: Schema) -> str | None:
    """The definition that is referred to, if one is."""
    reference: str | None = kind.get("$ref")
    return None if reference is None else reference.rpartition("/")[2]


def _inside(kind: Schema) -> Schema:
    """What a list or a mapping is of; all members of a list are alike."""
    if kind["type"] == "array":
        members: Schema = kind.get("items") or kind["prefixItems"][0]
        return members
    (values,) = kind.get("patternProperties", {"": kind.get("additionalProperties")}).values()
    found: Schema = values
    return found


def _place(outside: str, name: str, field: Schema) -> str:
    """Where the objects in a field stand: `rules[]`, `attributes.<name>`."""
    place = f"{outside}.{name}" if outside else name
    kinds = {kind.get("type") for kind in _kinds(field)}
    if "array" in kinds:
        return f"{place}[]"
    return f"{place}.<name>" if "object" in kinds else place


def _codes(values: Sequence[object]) -> str:
    return ", ".join(code(str(value)) for value in values)


def _count(kind: Schema) -> str:
    least, most = kind.get("minItems"), kind.get("maxItems")
    if least is None:
        return ""
    return f"{least}, each " if least == most else f"{least} or more, each "


def _limits(kind: Schema) -> str:
    if "pattern" in kind:
        return ", " + code(cell(kind["pattern"]))
    bounds = (kind.get("minimum"), kind.get("maximum"), "")
    if "minLength" in kind:
        bounds = (kind["minLength"], kind.get("maxLength"), " characters")
    least, most, of = bounds
    if least is None:
        return ""
    return f", {least:g} or more{of}" if most is None else f", {least:g} to {most:g}{of}"
