"""CloudFormation's intrinsic functions, evaluated. Pure: what a name refers to is handed in.

`Fn::ImportValue` and dynamic references ask the account, which is not here: they need a stand-in
(`--parameter ImportValue:NAME=VALUE`) or are refused. `Fn::Transform` and macros are refused.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pingbox.templates.cloudformation.parameters import PlaceOf, TemplateParameters, text_of
from pingbox.templates.document import KeyPath
from pingbox.templates.errors import TemplateError


class _NoValue:
    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE: Final = _NoValue()
"""What `Ref: AWS::NoValue` is: the member or item that has it vanishes."""

_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_CONDITION_FUNCTIONS = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition")

Reference = Callable[[str, str | None], Any]
"""(logical id, attribute or None for Ref) -> value. Raises KeyError for a logical id the template does not have."""


class Intrinsics:
    """Evaluates the values of one template. Every method takes the value's path, for errors only."""

    def __init__(
        self,
        *,
        parameters: TemplateParameters,
        pseudo: Mapping[str, Any],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
        reference: Reference,
        place_of: PlaceOf,
    ) -> None:
        self._parameters = parameters
        self._pseudo = pseudo
        self._mappings = mappings
        self._conditions = conditions
        self._reference = reference
        self._place_of = place_of
        self._decided: dict[str, bool] = {}

    def value(self, raw: Any, path: KeyPath) -> Any:
        """`raw` with every function replaced by its result; members and items that are AWS::NoValue are left out."""
        if isinstance(raw, Mapping):
            if len(raw) == 1:
                name, argument = next(iter(raw.items()))
                if name == "Ref" or str(name).startswith("Fn::"):
                    return self._call(str(name), argument, (*path, name))
            members = ((key, self.value(item, (*path, key))) for key, item in raw.items())
            return {key: item for key, item in members if item is not NO_VALUE}
        if isinstance(raw, list):
            items = (self.value(item, (*path, index)) for index, item in enumerate(raw))
            return [item for item in items if item is not NO_VALUE]
        return raw

    def condition(self, name: str, path: KeyPath = ()) -> bool:
        """Whether the named condition holds."""
        if name not in self._conditions:
            raise self.error(path, "there is no such condition", received=name, expected=_one_of(self._conditions))
        if name not in self._decided:
            self._decided[name] = self._holds(self._conditions[name], ("Conditions", name))
        return self._decided[name]

    def error(self, path: KeyPath, message: str, **details: Any) -> TemplateError:
        """A TemplateError about the value at `path`."""
        logical_id = str(path[1]) if len(path) > 1 else None
        return TemplateError(message, place=self._place_of(path), logical_id=logical_id, **details)

    def _call(self, name: str, argument: Any, path: KeyPath) -> Any:  # noqa: C901 -- a dispatch, flat
        match name:
            case "Ref":
                return self._ref(argument, path)
            case "Fn::GetAtt":
                return self._get_att(argument, path)
            case "Fn::Sub":
                return self._sub(argument, path)
            case "Fn::Join":
                separator, items = self._pair(argument, path)
                return text_of(separator).join(text_of(item) for item in self._list(items, path))
            case "Fn::Split":
                separator, text = self._pair(argument, path)
                return text_of(text).split(text_of(separator))
            case "Fn::Select":
                return self._select(argument, path)
            case "Fn::FindInMap":
                return self._find_in_map(argument, path)
            case "Fn::If":
                return self._if(argument, path)
            case "Fn::And" | "Fn::Or" | "Fn::Not" | "Fn::Equals":
                return self._holds({name: argument}, path)
            case "Fn::Base64":
                return base64.b64encode(text_of(self.value(argument, path)).encode()).decode()
            case "Fn::GetAZs":
                region = text_of(self.value(argument, path)) or self._pseudo["AWS::Region"]
                return [f"{region}{zone}" for zone in "abc"]
            case "Fn::Length":
                return len(self._list(self.value(argument, path), path))
            case "Fn::ToJsonString":
                return json.dumps(self.value(argument, path), separators=(",", ":"), ensure_ascii=False)
            case "Fn::ImportValue":
                return self._import(argument, path)
            case _:
                raise self._refused(name, argument, path)

    def _ref(self, name: Any, path: KeyPath) -> Any:
        if not isinstance(name, str):
            raise self.error(path, "Ref needs a name", received=name, expected="a parameter or a logical id")
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters.value(name)
        return self._referred(name, None, path)

    def _get_att(self, argument: Any, path: KeyPath) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2:
            raise self.error(path, "Fn::GetAtt needs a logical id and an attribute", received=argument)
        return self._referred(str(parts[0]), text_of(self.value(parts[1], path)), path)

    def _referred(self, logical_id: str, attribute: str | None, path: KeyPath) -> Any:
        try:
            return self._reference(logical_id, attribute)
        except KeyError:
            raise self.error(
                path,
                "refers to what the template does not have",
                received=logical_id,
                expected="a parameter, a pseudo parameter or a resource (whose condition holds)",
                next_step="correct the name, or the condition of that resource",
            ) from None

    def _sub(self, argument: Any, path: KeyPath) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else self._sub_pair(argument, path)

        def replaced(match: re.Match[str]) -> str:
            literal, name = match[1], match[2].strip()
            if literal:
                return "${" + match[2] + "}"
            if name in variables:
                return text_of(self.value(variables[name], (*path, 1, name)))
            if "." in name:
                return text_of(self._get_att(name, path))
            return text_of(self._ref(name, path))

        return _VARIABLE.sub(replaced, text)

    def _sub_pair(self, argument: Any, path: KeyPath) -> tuple[str, Mapping[str, Any]]:
        match argument:
            case [str(text), Mapping() as variables]:
                return text, variables
            case [str(text)]:
                return text, {}
        raise self.error(path, "Fn::Sub needs a text, or a text and a map", received=argument)

    def _pair(self, argument: Any, path: KeyPath) -> tuple[Any, Any]:
        if not isinstance(argument, list) or len(argument) != 2:
            raise self.error(path, f"{path[-1]} needs two values", received=argument, expected="a list of two")
        return self.value(argument[0], (*path, 0)), self.value(argument[1], (*path, 1))

    def _list(self, value: Any, path: KeyPath) -> list[Any]:
        if not isinstance(value, list):
            raise self.error(path, f"{path[-1]} needs a list", received=value, expected="a list")
        return value

    def _select(self, argument: Any, path: KeyPath) -> Any:
        index, items = self._pair(argument, path)
        values = self._list(items, path)
        if not text_of(index).isdigit() or int(text_of(index)) >= len(values):
            raise self.error(path, "Fn::Select has no such item", received=index, expected=f"0 to {len(values) - 1}")
        return values[int(text_of(index))]

    def _find_in_map(self, argument: Any, path: KeyPath) -> Any:
        if not isinstance(argument, list) or len(argument) not in (3, 4):
            raise self.error(path, "Fn::FindInMap needs map, key and second key", received=argument)
        keys = [text_of(self.value(item, (*path, index))) for index, item in enumerate(argument[:3])]
        found: Any = self._mappings
        for key in keys:
            if not isinstance(found, Mapping) or key not in found:
                return self._map_default(argument, keys, path)
            found = found[key]
        return found

    def _map_default(self, argument: list[Any], keys: list[str], path: KeyPath) -> Any:
        if len(argument) == 4 and isinstance(argument[3], Mapping) and "DefaultValue" in argument[3]:
            return self.value(argument[3]["DefaultValue"], path)
        raise self.error(path, "Mappings have no such entry", received=" / ".join(keys), expected="an existing entry")

    def _if(self, argument: Any, path: KeyPath) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            raise self.error(path, "Fn::If needs a condition and two values", received=argument)
        index = 1 if self.condition(str(argument[0]), path) else 2
        return self.value(argument[index], (*path, index))

    def _holds(self, raw: Any, path: KeyPath) -> bool:
        if isinstance(raw, Mapping) and len(raw) == 1:
            name, argument = next(iter(raw.items()))
            if name in _CONDITION_FUNCTIONS:
                return self._decide(name, argument, (*path, name))
        value = text_of(self.value(raw, path))
        if value not in ("true", "false"):
            raise self.error(path, "is not a condition", received=raw, expected=", ".join(_CONDITION_FUNCTIONS))
        return value == "true"

    def _decide(self, name: str, argument: Any, path: KeyPath) -> bool:
        match name:
            case "Condition":
                return self.condition(str(argument), path)
            case "Fn::Equals":
                left, right = self._pair(argument, path)
                return text_of(left) == text_of(right)
            case "Fn::Not":
                return not self._holds(self._list(argument, path)[0], path)
            case "Fn::And":
                return all(self._holds(item, path) for item in self._list(argument, path))
            case _:
                return any(self._holds(item, path) for item in self._list(argument, path))

    def _import(self, argument: Any, path: KeyPath) -> str:
        name = text_of(self.value(argument, path))
        given = self._parameters.stand_in(f"ImportValue:{name}")
        if given is not None:
            return given
        raise self.error(
            path,
            "imports a value of another stack, which is not here",
            received=name,
            expected="a value given for it",
            next_step=f"give it with --parameter ImportValue:{name}=VALUE",
            only_here=True,
        )

    def _refused(self, name: str, argument: Any, path: KeyPath) -> TemplateError:
        if name == "Fn::Transform":
            return self.error(
                path,
                "macros (Fn::Transform) run in the account and are not emulated",
                received=argument,
                next_step="write the included part into the template, or serve the processed template",
                only_here=True,
            )
        return self.error(
            path, "this function is not known", received=name, expected="an intrinsic function", only_here=True
        )


def _one_of(names: Mapping[str, Any]) -> str:
    return "one of " + ", ".join(names) if names else "a declared condition; the template has none"
