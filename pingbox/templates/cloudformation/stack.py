"""A CloudFormation template with its parameters applied: which resources exist, and their evaluated properties.

Everything is evaluated when asked for and not before, so that a part of the template that means nothing locally
(a certificate, a VPC, an alarm) cannot stop the rest from being served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pingbox.model.findings import SourcePosition
from pingbox.templates.cloudformation.assets import Assets
from pingbox.templates.cloudformation.intrinsics import NO_VALUE, Intrinsics
from pingbox.templates.cloudformation.parameters import TemplateParameters, text_of
from pingbox.templates.cloudformation.references import StackAccount, refer
from pingbox.templates.cloudformation.sections import section, written_resources
from pingbox.templates.document import Document, KeyPath
from pingbox.templates.errors import TemplateError

NESTED = "AWS::CloudFormation::Stack"


class TemplateStack:
    """One template. `resources` are those whose condition holds; property accessors evaluate and check types.

    `folder` is what relative paths in the template are relative to. `opening` reads the stack that a resource of the
    type `NESTED` is, or answers None; `above` is that resource in the parent, None for the stack at the top.
    """

    def __init__(
        self,
        document: Document,
        *,
        given: Mapping[str, str],
        account: StackAccount,
        folder: Path,
        above: Resource | None = None,
        opening: Callable[[Resource], TemplateStack | None] = lambda _: None,
    ) -> None:
        self.document = document
        self.given = given
        self.above = above
        self._opening = opening
        self._opened: dict[str, TemplateStack | None] = {}
        self.account = account
        self.folder = folder
        self.assets = Assets(Path(document.file))
        root = section(document, document.root, ())
        self.parameters = TemplateParameters(section(document, root, ("Parameters",)), given, document.place)
        self.expressions = Intrinsics(
            parameters=self.parameters,
            pseudo=_pseudo_parameters(account),
            mappings=section(document, root, ("Mappings",)),
            conditions=section(document, root, ("Conditions",)),
            reference=self._refer,
            place_of=document.place,
        )
        self.outputs = section(document, root, ("Outputs",))
        self._all = written_resources(document)
        self._evaluating: list[str] = []
        self.resources: dict[str, Any] = {}  # while conditions are decided no resource can be referred to
        self.resources = {id_: raw for id_, raw in self._all.items() if self._exists(id_)}

    def tree(self) -> Iterator[TemplateStack]:
        """This stack and those nested in it, at any depth, each before its own."""
        yield self
        for logical_id, raw in self.resources.items():
            if raw["Type"] == NESTED and (nested := self.nested(logical_id)) is not None:
                yield from nested.tree()

    def nested(self, logical_id: str) -> TemplateStack | None:
        """The stack that this resource of type `NESTED` is, None when its template is not here."""
        if logical_id not in self._opened:
            self._opened[logical_id] = self._opening(Resource(self, logical_id))
        return self._opened[logical_id]

    def every(self, *types: str) -> Iterator[Resource]:
        """The existing resources of these types (of all, without any) in this stack and those nested in it."""
        for stack in self.tree():
            for logical_id, raw in stack.resources.items():
                if not types or raw["Type"] in types:
                    yield Resource(stack, logical_id)

    def of_type(self, *types: str) -> Iterator[Resource]:
        """Those of the whole tree, in the order of the templates: a nested route may be of its parent's API."""
        top = self
        while top.above is not None:
            top = top.above.stack
        return top.every(*types)

    def evaluate(self, raw: Any, path: KeyPath) -> Any:
        """`raw` with its functions evaluated. None for AWS::NoValue."""
        value = self.expressions.value(raw, path)
        return None if value is NO_VALUE else value

    def output(self, name: str) -> Any:
        """An output's value, for the parent of a nested stack."""
        raw = self.outputs.get(name)
        if isinstance(raw, Mapping):
            return self.evaluate(raw.get("Value"), ("Outputs", name, "Value"))
        raise TemplateError(
            "has no such output, and the stack it is nested in asks for it",
            place=self.document.place(("Outputs",)),
            received=name,
            expected=f"one of {', '.join(self.outputs) or 'none: the template has no outputs'}",
            next_step="add the output, or correct the name where it is asked for",
        )

    def _exists(self, logical_id: str) -> bool:
        condition = self._all[logical_id].get("Condition")
        return condition is None or self.expressions.condition(str(condition), ("Resources", logical_id, "Condition"))

    def _refer(self, logical_id: str, attribute: str | None) -> Any:
        resource = self.resources[logical_id]
        if logical_id in self._evaluating:
            raise TemplateError(
                "refers to itself",
                place=self.document.place(("Resources", logical_id)),
                logical_id=logical_id,
                received=" -> ".join([*self._evaluating, logical_id]),
                expected="references without a circle",
                next_step="break the circle, as CloudFormation demands",
            )
        self._evaluating.append(logical_id)
        try:
            if resource["Type"] == NESTED and attribute is not None and (nested := self.nested(logical_id)) is not None:
                return nested.output(attribute.removeprefix("Outputs."))
            return refer(self.account, logical_id, resource["Type"], attribute, Resource(self, logical_id).get)
        finally:
            self._evaluating.pop()


class Resource:
    """One resource of a stack; reads its evaluated properties with the type the caller needs."""

    def __init__(self, stack: TemplateStack, logical_id: str) -> None:
        self.stack = stack
        self.logical_id = logical_id
        self.raw: Mapping[str, Any] = stack.resources[logical_id]
        self.type = str(self.raw["Type"])

    @property
    def ref(self) -> str:
        """What `Ref` to it answers."""
        return text_of(self.stack._refer(self.logical_id, None))

    @property
    def arn(self) -> str:
        """What `Fn::GetAtt: [it, Arn]` answers."""
        return text_of(self.stack._refer(self.logical_id, "Arn"))

    @property
    def place(self) -> SourcePosition:
        """Where the resource is written."""
        return self.stack.document.place(("Resources", self.logical_id))

    def has(self, name: str) -> bool:
        """Whether the property is written at all, evaluated or not."""
        return name in self._properties()

    def property_names(self) -> list[str]:
        """What is written, evaluated or not."""
        return [str(name) for name in self._properties()]

    def get(self, name: str) -> Any:
        """The evaluated property, or None."""
        raw = self._properties().get(name)
        return None if raw is None else self.stack.evaluate(raw, self._path(name))

    def text(self, name: str) -> str | None:
        """A property that is text; numbers and booleans become text as CloudFormation turns them."""
        value = self.get(name)
        if isinstance(value, Mapping | list):
            raise self.wrong(name, value, "text")
        return None if value is None else text_of(value)

    def required(self, name: str) -> str:
        """The same for a property that must be there."""
        value = self.text(name)
        if not value:
            raise self.wrong(name, value, f"a {name}", f"give {self.logical_id} a {name}")
        return value

    def number(self, name: str, default: float) -> float:
        """A number of any spelling (`5`, `"5"`), or the default."""
        value = self.text(name)
        try:
            return default if value is None else float(value)
        except ValueError:
            raise self.wrong(name, value, "a number") from None

    def flag(self, name: str) -> bool:
        """A boolean of any spelling; false when absent."""
        value = (self.text(name) or "false").lower()
        if value not in ("true", "false"):
            raise self.wrong(name, value, "true or false")
        return value == "true"

    def mapping(self, name: str) -> Mapping[str, Any]:
        """A map, empty when absent."""
        value = self.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise self.wrong(name, value, "a map")
        return value or {}

    def texts(self, name: str) -> dict[str, str]:
        """A map whose values are text."""
        return {str(key): self._text_of_member(name, key, value) for key, value in self.mapping(name).items()}

    def members(self, name: str) -> Mapping[str, Any]:
        """A map as it is written, none of its members evaluated; empty when absent."""
        raw = self._properties().get(name)
        return raw if isinstance(raw, Mapping) else {}

    def items(self, name: str) -> list[Any]:
        """A list, empty when absent; a single value counts as a list of one."""
        value = self.get(name)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def depends_on(self) -> list[str]:
        """The logical ids in DependsOn."""
        value = self.raw.get("DependsOn", [])
        return [str(item) for item in value] if isinstance(value, list) else [str(value)]

    def check(self, name: str, value: str | None, judge: Callable[[str], None], member: str | None = None) -> None:
        """Let the gateway's own `judge` (which raises ValueError) judge a value; its refusal gets the line."""
        try:
            if value is not None:
                judge(value)
        except ValueError as problem:
            raise self.wrong(name, value, str(problem), member=member) from problem

    def wrong(
        self,
        name: str,
        received: object,
        expected: str,
        next_step: str | None = None,
        *,
        member: str | None = None,
        only_here: bool = False,
    ) -> TemplateError:
        """The error that says the property (or one member of it) is not what it must be.

        `only_here`: AWS takes it; what runs on this machine cannot.
        """
        path = self._path(name) if member is None else (*self._path(name), member)
        return TemplateError(
            f"{self.type} has a wrong {name}" if received is not None else f"{self.type} has no {name}",
            place=self.stack.document.place(path),
            logical_id=self.logical_id,
            received=received,
            expected=expected,
            next_step=next_step or f"correct {name} in the template",
            only_here=only_here,
        )

    def _text_of_member(self, name: str, key: object, value: object) -> str:
        if isinstance(value, Mapping):
            raise self.wrong(name, f"{key}: a map", "text for every member")
        return text_of(value)

    def _path(self, name: str) -> KeyPath:
        return ("Resources", self.logical_id, "Properties", name)

    def _properties(self) -> Mapping[str, Any]:
        properties = self.raw.get("Properties") or {}
        if not isinstance(properties, Mapping):
            raise self.wrong("Properties", properties, "a map")
        return properties


def _pseudo_parameters(account: StackAccount) -> dict[str, Any]:
    return {
        "AWS::Region": account.region,
        "AWS::AccountId": account.account_id,
        "AWS::Partition": account.partition,
        "AWS::StackName": account.stack,
        "AWS::StackId": account.arn("cloudformation", f"stack/{account.stack}/00000000-0000-0000-0000-000000000000"),
        "AWS::URLSuffix": account.url_suffix,
        "AWS::NotificationARNs": [],
    }
