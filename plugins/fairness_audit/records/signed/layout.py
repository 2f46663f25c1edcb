"""Where the fields of what is signed stand in its in-toto Statement.

What is signed is flat where the code uses it (``record.window_start``) and nested where it is
signed (``predicate.window.start``). Each field is described once, in the class it is a field of:
its name, its type, what it means, and, where that is not in the predicate under its own name,
``At`` which place it stands. The Statement's model follows from that, and from the model its
bytes, its reading back and its JSON schema.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import Field, create_model
from pydantic.fields import FieldInfo

from fairness_audit.records.door import Door
from fairness_audit.records.signed.in_toto import STATEMENT_TYPE, Digest, Subject

Place = tuple[str, ...]


@dataclass(frozen=True)
class At:
    """The place of a field in the Statement."""

    place: Place


def in_predicate(*names: str) -> At:
    """A place in the predicate: a field of another name, or one inside a part of it."""
    return At(("predicate", *names))


def digest_of_subject(name: str) -> At:
    """The place of a digest: that of a subject. Subjects stand in the order of the fields."""
    return At(("subject", name))


class Stated(Door):
    """Base of what is signed as a Statement."""

    @property
    def follows(self) -> Mapping[Place, str]:
        """What the Statement says besides the fields; all of it follows from them."""
        return {}


S = TypeVar("S", bound=Stated)
P = TypeVar("P", bound=Door)


KIND = Field(description="Which kind of record this is.")
IS_SAID = Field(description="What is said about the subjects.")


class Statement(Door):
    """Base of the Statements; each narrows ``predicate_type`` and ``predicate``."""

    statement_type: Literal["https://in-toto.io/Statement/v1"] = Field(
        alias="_type", description="in-toto Statement v1."
    )
    subject: tuple[Subject, ...] = Field(
        description="What the Statement is about, by content; always these names, in this order."
    )
    predicate_type: Annotated[str, KIND]
    predicate: Annotated[Door, IS_SAID]

    @classmethod
    def of(cls, stated: Stated) -> Self:
        """The Statement that says what is to be signed."""
        content: dict[str, Any] = {"subject": {}, "predicate": {}}
        for name, place in _places(type(stated)).items():
            _put(content, place, getattr(stated, name))
        for place, value in stated.follows.items():
            _put(content, place, value)
        subjects = tuple(
            Subject(name=name, digest=Digest(sha256=digest))
            for name, digest in content["subject"].items()
        )
        (predicate_type,) = get_args(cls.model_fields["predicate_type"].annotation)
        return cls.model_validate(
            content
            | {
                "statement_type": STATEMENT_TYPE,
                "predicate_type": predicate_type,
                "subject": subjects,
            }
        )

    def read_as(self, kind: type[S]) -> S:
        """What the Statement says.

        Raises:
            ValueError: its subjects are others, or in another order; or a field is no such.
        """
        places = _places(kind)
        names = tuple(place[1] for place in places.values() if place[0] == "subject")
        if tuple(each.name for each in self.subject) != names:
            raise ValueError(f"subject: must be {', '.join(names)}")
        digests = {each.name: each.digest.sha256 for each in self.subject}
        return kind.model_validate(
            {
                name: digests[place[1]] if place[0] == "subject" else reduce(getattr, place, self)
                for name, place in places.items()
            }
        )


def states(stated: type[Stated]) -> Callable[[type[P]], type[P]]:
    """Give a predicate, besides its own parts, each field that has no place inside one of them.

    What is None has no key in a Statement; every other field must be there.
    """
    fields = {
        place[1]: stated.model_fields[name]
        for name, place in _places(stated).items()
        if place[0] == "predicate" and len(place) == 2
    }

    def with_fields(predicate: type[P]) -> type[P]:
        return create_model(
            predicate.__name__,
            __base__=predicate,
            __doc__=predicate.__doc__,
            __module__=predicate.__module__,
            **{name: _in_statement(field) for name, field in fields.items()},
        )

    return with_fields


def _in_statement(field: FieldInfo) -> Any:
    described = Field(description=field.description)
    default = None if type(None) in get_args(field.annotation) else ...
    return Annotated[field.annotation, *field.metadata, described], default


def _places(stated: type[Stated]) -> dict[str, Place]:
    """The place of each field."""
    return {
        name: next(
            (each.place for each in field.metadata if isinstance(each, At)), ("predicate", name)
        )
        for name, field in stated.model_fields.items()
    }


def _put(content: dict[str, Any], place: Place, value: object) -> None:
    *parts, last = place
    inner = reduce(lambda outer, part: outer.setdefault(part, {}), parts, content)
    inner[last] = value
