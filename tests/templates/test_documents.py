"""Files become plain values that know their lines."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from pingbox.templates import TemplateError
from pingbox.templates.document import Repeated
from pingbox.templates.parsing import parse_json, parse_yaml, read_document


def test_short_forms_become_long_forms():
    document = parse_yaml(
        "a: !Ref x\nb: !GetAtt r.Outputs.y\nc: !Sub '${x}'\nd: !Join ['', [!Ref x, y]]\ne: !If [c, !Ref x, 1]\n"
        "f: !Base64\n  Fn::Sub: z\ng: !Not [!Condition c]\nh: !GetAtt [r, Arn]\n",
        "t.yaml",
    )
    assert document.root == {
        "a": {"Ref": "x"},
        "b": {"Fn::GetAtt": ["r", "Outputs.y"]},
        "c": {"Fn::Sub": "${x}"},
        "d": {"Fn::Join": ["", [{"Ref": "x"}, "y"]]},
        "e": {"Fn::If": ["c", {"Ref": "x"}, 1]},
        "f": {"Fn::Base64": {"Fn::Sub": "z"}},
        "g": {"Fn::Not": [{"Condition": "c"}]},
        "h": {"Fn::GetAtt": ["r", "Arn"]},
    }


def test_every_value_knows_its_line_also_within_lists():
    document = parse_yaml("a:\n  b: 1\n  c:\n    - x\n    - d: 2\n", "t.yaml")
    assert document.place(("a", "c", 1, "d")).line == 5
    assert document.place(("a", "b")).line == 2


def test_what_is_not_in_the_file_is_placed_at_its_nearest_parent():
    document = parse_yaml("a:\n  b: 1\n", "t.yaml")
    assert str(document.place(("a", "zzz", "y"))) == "t.yaml:1"


def test_dates_and_keys_stay_text():
    assert parse_yaml("Version: 2012-10-17\n1: x\non: y\n", "t.yaml").root == {
        "Version": "2012-10-17",
        "1": "x",
        "on": "y",
    }


def test_anchors_and_merge_keys_work_and_own_members_win():
    document = parse_yaml("base: &b {x: 1, y: 2}\nmine:\n  <<: *b\n  y: 3\nboth:\n  <<: [*b, {z: 9}]\n", "t.yaml")
    assert document.root["mine"] == {"x": 1, "y": 3}
    assert document.root["both"] == {"x": 1, "y": 2, "z": 9}


def test_json_has_lines_too_even_with_tabs_and_surrogates():
    document = parse_json('{\n\t"a": {\n\t\t"b": "\\ud83d\\ude00"\n\t}\n}', "t.json")
    assert document.root == {"a": {"b": "😀"}}
    assert document.place(("a", "b")).line == 3


@pytest.mark.parametrize(
    ("parse", "text", "line"),
    [(parse_yaml, "a: 1\nb: [1, 2\nc: 3\n", 3), (parse_yaml, "a: 1\n\tb: 2\n", 2), (parse_json, '{\n"a": 1,\n}', 3)],
)
def test_what_is_not_well_formed_is_refused_with_its_line(parse, text, line):
    with pytest.raises(TemplateError) as caught:
        parse(text, "broken")
    assert caught.value.place.line == line


def test_a_tab_that_indents_is_named():
    with pytest.raises(TemplateError) as caught:
        parse_yaml("a:\n\tb: 2\n", "broken")
    assert caught.value.next_step == "replace the tab that indents that line with spaces, as YAML demands"


@pytest.mark.parametrize(
    ("parse", "text"),
    [(parse_yaml, "a: 1\nb:\n  c: 1\n  c: 2\n"), (parse_json, '{"a": 1,\n"b": {\n"c": 1,\n"c": 2}}')],
)
def test_a_key_that_stands_twice_counts_where_it_stands_last_and_is_noted(parse, text):
    document = parse(text, "t")
    assert document.root == {"a": 1, "b": {"c": 2}}
    assert document.repeated == (Repeated("c", 3, 4),)


def test_an_unreadable_file_is_named(tmp_path: Path):
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe4\n")
    with pytest.raises(TemplateError, match=r"latin\.yaml: cannot be read"):
        read_document(tmp_path / "latin.yaml")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


def test_aliases_that_grow_without_measure_are_refused() -> None:
    """Ten lines that would be ten billion values: told before anything is made of them."""
    with pytest.raises(TemplateError, match=r"bomb\.yaml:6: contains 1,111,111 values by its aliases"):
        parse_yaml(BOMB, "bomb.yaml")


def test_an_alias_bomb_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TemplateError):
            parse_yaml(BOMB, "bomb.yaml")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


def test_an_alias_within_itself_is_refused() -> None:
    with pytest.raises(TemplateError, match=r"x\.yaml:1: contains itself by its aliases"):
        parse_yaml("a: &a [1, *a]\n", "x.yaml")


def test_aliases_of_ordinary_size_are_written_out() -> None:
    root = parse_yaml("a: &a {x: [1, 2]}\nb: *a\nc: {<<: *a, y: 3}\n", "x.yaml").root
    assert root == {"a": {"x": [1, 2]}, "b": {"x": [1, 2]}, "c": {"x": [1, 2], "y": 3}}


@pytest.mark.parametrize("parse", [parse_yaml, parse_json])
def test_what_is_nested_too_deeply_is_refused(parse) -> None:
    with pytest.raises(TemplateError, match="nest"):
        parse("[" * 100_000 + "]" * 100_000, "deep")
