"""A template's parameters: what was given, else the default, checked as CloudFormation checks them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pingbox.model.findings import SourcePosition
from pingbox.templates.document import KeyPath
from pingbox.templates.errors import TemplateError

PlaceOf = Callable[[KeyPath], SourcePosition]

_LISTS = ("CommaDelimitedList", "List<")


class TemplateParameters:
    """The declared parameters and the values given with `--parameter NAME=VALUE`.

    A value is looked at only when something asks for it, so that a parameter which nothing local needs may stay
    without one. Keys with a colon (`ssm:/path`, `ImportValue:name`) are no parameters: they stand in for what a
    template would fetch from the account, and `stand_in` finds them.
    """

    def __init__(self, declared: Mapping[str, Any], given: Mapping[str, str], place_of: PlaceOf) -> None:
        self._declared = declared
        self._given = given
        self._place_of = place_of
        self._refuse_unknown()

    def __contains__(self, name: str) -> bool:
        return name in self._declared

    def value(self, name: str) -> str | list[str]:
        """The parameter's value: text, or a list of texts for the list types. Raises TemplateError without one."""
        declaration = self._declaration(name)
        raw = self._given.get(name, None if self._from_account(name) else declaration.get("Default"))
        if raw is None:
            raise self._without_value(name, str(declaration.get("Type", "String")))
        value = text_of(raw)
        self._check(name, declaration, value)
        if self._is_list(name):
            return [item.strip() for item in value.split(",")] if value else []
        return value

    def stand_in(self, key: str) -> str | None:
        """What was given for something outside the template, e.g. `ImportValue:network-vpc`; None when nothing was."""
        return self._given.get(key)

    def known(self) -> dict[str, str]:
        """Every parameter that has a value, as the text CloudFormation would be given; for the SAM translator."""
        known = {}
        for name in self._declared:
            raw = self._given.get(name, self._declaration(name).get("Default"))
            if raw is not None and not (self._from_account(name) and name not in self._given):
                known[name] = text_of(raw)
        return known

    def _declaration(self, name: str) -> Mapping[str, Any]:
        declaration = self._declared[name]
        if isinstance(declaration, Mapping):
            return declaration
        raise TemplateError(
            "is not a parameter declaration",
            place=self._place_of(("Parameters", name)),
            logical_id=name,
            received=declaration,
            expected="a map with a Type",
            next_step=f"write `{name}: {{Type: String}}`",
        )

    def _type(self, name: str) -> str:
        return str(self._declaration(name).get("Type", "String"))

    def _from_account(self, name: str) -> bool:
        # The default of such a parameter is a name in the account's Parameter Store, not a value.
        return self._type(name).startswith("AWS::SSM::Parameter::Value")

    def _is_list(self, name: str) -> bool:
        inner = self._type(name).removeprefix("AWS::SSM::Parameter::Value<")
        return inner.startswith(_LISTS)

    def _without_value(self, name: str, type_: str) -> TemplateError:
        stored = self._from_account(name)
        return TemplateError(
            "comes from the account's Parameter Store, which is not here" if stored else "has no value",
            place=self._place_of(("Parameters", name)),
            logical_id=name,
            received=f"a parameter of type {type_} and no value" + ("" if stored else ", no Default"),
            expected="a value, because something that runs locally uses it",
            next_step=f"give it with --parameter {name}=VALUE",
            only_here=stored,
        )

    def _check(self, name: str, declaration: Mapping[str, Any], value: str) -> None:
        allowed = declaration.get("AllowedValues")
        if isinstance(allowed, list) and value not in [text_of(item) for item in allowed]:
            expected = "one of " + ", ".join(text_of(item) for item in allowed)
            raise self._not_allowed(name, declaration, value, expected)
        pattern = declaration.get("AllowedPattern")
        if isinstance(pattern, str) and not self._matches(pattern, value):
            raise self._not_allowed(name, declaration, value, f"a value that matches {pattern}")

    @staticmethod
    def _matches(pattern: str, value: str) -> bool:
        try:
            return re.fullmatch(pattern, value) is not None
        except re.error:  # a pattern of Java's dialect that Python cannot read judges nothing
            return True

    def _not_allowed(self, name: str, declaration: Mapping[str, Any], value: str, expected: str) -> TemplateError:
        hidden = text_of(declaration.get("NoEcho", False)) == "true"
        return TemplateError(
            "has a value that the template does not allow",
            place=self._place_of(("Parameters", name)),
            logical_id=name,
            received="a value that NoEcho hides" if hidden else value,
            expected=expected,
            next_step=f"give another with --parameter {name}=VALUE",
        )

    def _refuse_unknown(self) -> None:
        unknown = [name for name in self._given if ":" not in name and name not in self._declared]
        if unknown:
            raise TemplateError(
                "the template has no such parameter",
                place=self._place_of(("Parameters",)),
                logical_id=", ".join(unknown),
                expected=f"one of {', '.join(sorted(self._declared)) or 'none: the template has no parameters'}",
                next_step="correct the name given with --parameter, or leave it out",
            )


def text_of(value: Any) -> str:
    """A scalar as CloudFormation turns it into text: `true`, `5`, and lists joined with commas."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float() if value.is_integer():
            return str(int(value))
        case list():
            return ",".join(text_of(item) for item in value)
        case None:
            return ""
        case _:
            return str(value)
