# ruff: noqa: E501 -- templates are quoted as they are written
"""Mapping templates: what Velocity, which is Java's, makes of a message's values."""

from __future__ import annotations

import json

import pytest

from pingbox.emulator.services.apigateway.mapping.velocity import MappingTemplateError, render

BODY = json.dumps({
    "name": " Ana,Bo,, ", "n": 7, "yes": True, "none": None, "empty": "", "list": ["a", "b"], "map": {"k": "v", "x": None},
})  # fmt: skip


def rendered(template: str, body: str = BODY) -> str:
    return render(template, body, context={"routeKey": "r"}, variables={"sv": "s"}, parameters={})


@pytest.mark.fact("RR-13")
@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("#set($t = $input.path('$.name').trim())[$t] $t.length() $t.toUpperCase()", "[Ana,Bo,,] 8 ANA,BO,,"),
        ("#foreach($part in $input.path('$.name').trim().split(','))<$part>#end", "<Ana><Bo>"),
        ("#set($t = 'room-12')$t.substring(5) $t.substring(0, 4) $t.indexOf('-') $t.charAt(0)", "12 room 4 r"),
        ("#set($t = 'room-12')$t.replaceAll('(\\d+)', '<$1>') $t.matches('room') $t.matches('room.*')", "room-<12> false true"),
        ("#set($t = 'a')$t.equals('a') $t.concat('b') $t.contains('x') $t.isEmpty() $t.equalsIgnoreCase('A')", "true ab false false true"),
        ("$input.path('$.list').size() $input.path('$.list').get(1) $input.path('$.list').contains('a')", "2 b true"),
        ("#set($l = [])#set($done = $l.add('x'))$l $l.isEmpty()", "[x] false"),
        ("$input.path('$.map').containsKey('k') $input.path('$.map').keySet() $input.path('$.map').size()", "true [k, x] 2"),
        ("#foreach($e in $input.path('$.map').entrySet())$e.key:$e.value $e.getKey() #end", "k:v k x: x "),
        ("$input.path('$.map') $input.path('$.list') $input.path('$.yes') $input.path('$.n')", "{k=v, x=null} [a, b] true 7"),
        ("$input.path('$.none')|$input.path('$.none').size()|$input.path('$.gone').name.length()|", "|||"),
        ("#if($input.path('$.empty').isEmpty())nothing#end#if($input.path('$.list').empty)none#end", "nothing"),
    ],
)  # fmt: skip
def test_values_have_javas_methods_and_look(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.fact("RR-13")
@pytest.mark.parametrize(
    ("template", "text"),
    [
        (r"""$util.escapeJavaScript($input.body).replaceAll("\\'", "'")""", r"""it's a \"b\"\/c"""),
        (r"""$input.body.replaceAll('\w+', '_')""", """_'_ _ "_"/_"""),
        (r"""#set($t = "a \"b\" \c")$t""", r"""a "b" \c"""),
        (r"""#set($t = "$input.body.length()\\")$t""", r"12\\"),
    ],
)
def test_a_backslash_is_a_backslash_as_awss_idiom_wants_it(template: str, text: str) -> None:
    """The first is the mapping template reference's own: what it makes of a single quote must be JSON."""
    assert rendered(template, """it's a "b"/c""") == text


@pytest.mark.fact("RR-13")
@pytest.mark.parametrize("name", ["items", "keys", "values", "copy", "title", "count"])
def test_a_member_that_is_not_there_is_nothing_whatever_python_calls_its_methods(name: str) -> None:
    template = f"#set($body = $input.path('$'))[$body.{name}|$body.name.{name}|$body.list.{name}]#if($body.{name})x#end"
    assert rendered(template) == "[||]"


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("$input.path('$.name').upper()", "a text has no method upper here; there are: charAt"),
        ("$input.path('$.list').stream()", "a list has no method stream here"),
        ("$util.time.nowISO8601()", "$util.time is not known"),
        ("$input.__class__", "$input.__class__ is not known"),
        ("$input.path('$.name').substring(90)", "substring(90"),
    ],
)
def test_what_is_not_here_is_an_error_and_not_an_empty_text(template: str, problem: str) -> None:
    with pytest.raises(MappingTemplateError) as raised:
        rendered(template)
    assert problem in str(raised.value)
