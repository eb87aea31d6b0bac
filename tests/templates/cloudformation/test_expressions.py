"""CloudFormation's intrinsic functions give what CloudFormation gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.model.findings import SourcePosition
from pingbox.templates import TemplateError
from pingbox.templates.cloudformation.intrinsics import NO_VALUE, Intrinsics
from pingbox.templates.cloudformation.parameters import TemplateParameters


def expressions(conditions: dict[str, Any] | None = None, **given: str) -> Intrinsics:
    def place_of(path):
        return SourcePosition("t.yaml", len(path))

    def reference(logical_id, attribute):
        return {"Table": {None: "table-name", "Arn": "arn:table"}}[logical_id][attribute]

    return Intrinsics(
        parameters=TemplateParameters(
            {
                "Env": {"Type": "String", "Default": "dev"},
                "Zones": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
                "Count": {"Type": "Number", "Default": 3},
            },
            given,
            place_of,
        ),
        pseudo={"AWS::Region": "us-east-1", "AWS::StackName": "my-app"},
        mappings={"Sizes": {"dev": {"small": 1}, "prod": {"small": 5}}},
        conditions=conditions or {},
        reference=reference,
        place_of=place_of,
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"Ref": "Env"}, "dev"),
        ({"Ref": "Zones"}, ["a", "b", "c"]),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "Table"}, "table-name"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:table"),
        ({"Fn::GetAtt": "Table.Arn"}, "arn:table"),
        ({"Fn::Sub": "${AWS::StackName}-${Env}-${Table}-${Table.Arn}"}, "my-app-dev-table-name-arn:table"),
        ({"Fn::Sub": "${!Literal} ${Env}"}, "${Literal} dev"),
        ({"Fn::Sub": ["${a}/${Env}", {"a": {"Ref": "Count"}}]}, "3/dev"),
        ({"Fn::Join": ["-", ["x", {"Ref": "Env"}, 1, True]]}, "x-dev-1-true"),
        ({"Fn::Join": [",", {"Ref": "Zones"}]}, "a,b,c"),
        ({"Fn::Select": ["1", {"Ref": "Zones"}]}, "b"),
        ({"Fn::Select": [0, {"Fn::Split": ["/", "p/q"]}]}, "p"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Env"}, "small"]}, 1),
        ({"Fn::FindInMap": ["Sizes", "none", "small", {"DefaultValue": 7}]}, 7),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::GetAZs": ""}, ["us-east-1a", "us-east-1b", "us-east-1c"]),
        ({"Fn::Length": {"Ref": "Zones"}}, 3),
        ({"Fn::ToJsonString": {"a": {"Ref": "Env"}, "b": [1]}}, '{"a":"dev","b":[1]}'),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}, {"b": [1]}),
    ],
)
def test_functions(raw, expected):
    assert expressions().value(raw, ()) == expected


def test_a_map_with_other_members_beside_ref_is_a_map():
    assert expressions().value({"Ref": "Env", "x": 1}, ()) == {"Ref": "Env", "x": 1}


def test_an_undecided_branch_is_never_evaluated():
    """A template may refer to what does not exist in the branch that its condition excludes."""
    decided = expressions({"Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}})
    raw = {"Fn::If": ["Prod", {"Ref": "NotThere"}, {"Ref": "AWS::NoValue"}]}
    assert decided.value(raw, ()) is NO_VALUE


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Fn::Equals": [{"Ref": "Count"}, 3]}, True),
        ({"Fn::Equals": ["true", True]}, True),
        ({"Fn::Not": [{"Condition": "No"}]}, True),
        ({"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]}, False),
        ({"Fn::Or": [{"Condition": "No"}, {"Fn::Equals": ["a", "a"]}]}, True),
    ],
)
def test_conditions(condition, holds):
    conditions = {"Yes": {"Fn::Equals": ["a", "a"]}, "No": {"Fn::Equals": ["a", "b"]}, "It": condition}
    assert expressions(conditions).condition("It") is holds


@given(st.lists(st.text("abc,/-", min_size=1), min_size=1), st.sampled_from([";", "::", "|"]))
def test_split_undoes_join(items, separator):
    joined = {"Fn::Join": [separator, items]}
    assert expressions().value({"Fn::Split": [separator, joined]}, ()) == items


@given(st.text("ab$!{}").filter(lambda text: "${" not in text))
def test_sub_leaves_text_without_variables_alone(text):
    assert expressions().value({"Fn::Sub": text}, ()) == text


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"Ref": "Nobody"}, "refers to what the template does not have"),
        ({"Fn::Sub": "${Nobody}"}, "refers to what the template does not have"),
        ({"Fn::GetAtt": "Table"}, "needs a logical id and an attribute"),
        ({"Fn::Select": [9, [1]]}, "no such item"),
        ({"Fn::Join": ["x"]}, "needs two values"),
        ({"Fn::FindInMap": ["Sizes", "mars", "small"]}, "no such entry"),
        ({"Fn::If": ["Nope", 1, 2]}, "there is no such condition"),
        ({"Fn::Transform": {"Name": "AWS::Include"}}, "macros"),
        ({"Fn::Frobnicate": 1}, "this function is not known"),
    ],
)
def test_refusals_say_what_is_wrong(raw, message):
    with pytest.raises(TemplateError, match=message):
        expressions().value(raw, ("Resources", "X"))


def test_an_import_needs_a_stand_in_and_the_error_says_how():
    raw = {"Fn::ImportValue": {"Fn::Sub": "${Env}-vpc"}}
    with pytest.raises(TemplateError, match="--parameter ImportValue:dev-vpc=VALUE"):
        expressions().value(raw, ())
    assert expressions(**{"ImportValue:dev-vpc": "vpc-1"}).value(raw, ()) == "vpc-1"
