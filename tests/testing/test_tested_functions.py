"""`pingbox.functions`: a template app's functions, patched, configured and invoked from a test."""

from __future__ import annotations

import pytest

from pingbox.testing import Emulator, Invocation

PROJECT = """
[tool.pingbox.routes]
say = { handler = "app.say", two-way = true, environment = { GREETING = "hello" } }
other = { handler = "other.say", two-way = true }
"""
APP = """
import os
import helpers

word = "said"

def say(event, context):
    return {"statusCode": 200, "body": f"{word} {os.environ.get('GREETING')} {helpers.suffix()}"}
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("app")
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "app.py").write_text(APP)
    (folder / "other.py").write_text(APP)
    (folder / "helpers.py").write_text("def suffix():\n    return 'ok'\n")
    return folder


@pytest.fixture(scope="module")
def kept(app):
    with Emulator(app) as emulator:
        emulator.suspend()
        yield emulator


@pytest.fixture
def emulator(kept):
    kept.resume()
    yield kept
    kept.reset()
    kept.suspend()


def asked(client, action="say"):
    client.send_json({"action": action})
    return client.receive()


def test_a_patch_holds_for_environments_of_now_and_of_later(emulator):
    ana = emulator.ws.connect()
    assert asked(ana) == "said hello ok"
    emulator.functions["app-say"].patch("word", "patched")
    assert asked(ana) == "patched hello ok"
    emulator.faults.cold_start("say")
    assert asked(ana) == "patched hello ok"
    assert asked(ana, "other").startswith("said"), "another function has a module of its own"


def test_the_next_test_finds_the_code_as_it_is(emulator):
    ana = emulator.ws.connect()
    assert asked(ana) == "said hello ok"


def test_a_patch_before_the_first_event(app):
    with Emulator(app) as emulator:
        emulator.functions["app-say"].patch("helpers.suffix", lambda: "faked")
        assert asked(emulator.ws.connect()) == "said hello faked"


def test_a_member_that_is_not_there_is_told(emulator):
    asked(emulator.ws.connect())
    with pytest.raises(AttributeError, match=r"'wrod' is not in the handler's module .*app\.py"):
        emulator.functions["app-say"].patch("wrod", "x")


def test_the_module_is_the_one_that_was_loaded(emulator):
    with pytest.raises(KeyError, match=r"no function is called 'Say'; there are: app-say, other-say"):
        emulator.functions["Say"]
    assert asked(emulator.ws.connect()) == "said hello ok"
    assert emulator.functions["app-say"].module.word == "said"


def test_variables_are_changed_until_the_end_of_the_test(emulator):
    ana = emulator.ws.connect()
    variables = emulator.functions["app-say"].environment
    assert dict(variables) == {"GREETING": "hello"}
    variables["GREETING"] = "good day"
    assert asked(ana) == "said good day ok"
    assert emulator.functions["app-say"].environment["GREETING"] == "good day"
    emulator.reset()
    assert asked(emulator.ws.connect()) == "said hello ok"


def test_invoked_without_the_gateway(emulator):
    record = emulator.functions["app-say"].invoke({"any": "event"})
    assert record.response == {"statusCode": 200, "body": "said hello ok"}
    assert record.event == {"any": "event"}


async def test_invoked_in_an_async_test(app):
    async with Emulator(app) as emulator:
        record = await emulator.functions["app-say"].invoke_async({})
        assert record.response["statusCode"] == 200
        ana = await emulator.ws.connect()
        await ana.send_json({"action": "say"})
        await emulator.settle_async()
        assert await ana.receive() == "said hello ok"
        await emulator.clock.advance_async(minutes=11)
        await ana.closed_with(1001)
        await emulator.reset_async()
        assert len(emulator.invocations) == 0


def test_a_function_in_a_process_of_its_own_says_what_cannot_be(app):
    with Emulator(app, in_process=False) as emulator:
        with pytest.raises(LookupError, match="runs in a process of its own"):
            emulator.functions["app-say"].patch("word", "x")
        assert emulator.functions["app-say"].invoke({}).response["body"] == "said hello ok"


def test_the_variables_of_a_python_object_are_the_process_s(monkeypatch):
    monkeypatch.setenv("GREETING", "mine")
    with Emulator({"$default": lambda event, context: None}) as emulator:
        (name,) = emulator.functions
        assert emulator.functions[name].environment["GREETING"] == "mine"
        with pytest.raises(TypeError, match=r"use monkeypatch\.setenv"):
            emulator.functions[name].environment["GREETING"] = "x"


class TestAwsCalls:
    def test_of_a_function_in_a_process_of_its_own_are_seen(self, tmp_path):
        """By the trace id that its SDK sends along."""
        (tmp_path / "pyproject.toml").write_text('[tool.pingbox.routes]\nlook = { handler = "app.look" }\n')
        (tmp_path / "app.py").write_text(
            "import boto3\n\ndef look(event, context):\n    boto3.client('dynamodb').list_tables()\n"
        )
        with Emulator(tmp_path, in_process=False) as emulator:
            record = emulator.functions["app-look"].invoke({})
            record.response  # noqa: B018 - it did return
            assert [str(call) for call in record.aws_calls] == ["dynamodb.ListTables"]

    def test_that_cannot_be_seen_are_not_an_empty_list(self):
        record = Invocation(0.0, "custom", {}, "request", unseen=True)
        with pytest.raises(AssertionError, match="the AWS calls of custom are not seen"):
            record.aws_calls  # noqa: B018


class TestMisspelt:
    """A name that there is not would make a test green that tested nothing."""

    @pytest.mark.parametrize(
        ("order", "told"),
        [
            (lambda faults: faults.kill("sya"), r"no function or route key is called 'sya'; there are: app-say"),
            (lambda faults: faults.duplicate("$defualt"), "no function or route key is called"),
            (lambda faults: faults.cold_start("Say"), "no function or route key is called"),
            (lambda faults: faults.drop_posts(to="bo"), "no client is called 'bo'; there are: ana"),
            (lambda faults: faults.lose_disconnect(of="bo"), "no client is called 'bo'"),
            (lambda faults: faults.throttle_dynamodb("Putitem"), "no DynamoDB operation is called 'Putitem'"),
            (lambda faults: faults.throttle_dynamodb(table="peple"), "no table is called 'peple'; there are: none"),
        ],
    )
    def test_a_fault(self, emulator, order, told):
        emulator.ws.connect(name="ana")
        with pytest.raises(ValueError, match=told):
            order(emulator.faults)
        assert emulator.faults.waiting == []

    def test_an_invocation(self, emulator):
        with pytest.raises(ValueError, match=r"no route or function is called 'sya'; there are: say, other"):
            emulator.invocations.assert_count("sya", 0)

    def test_send_of_a_value(self, emulator):
        with pytest.raises(TypeError, match="send_json sends a value as JSON"):
            emulator.ws.connect().send({"action": "say"})


class TestAtTheEnd:
    def test_a_fault_that_never_struck_fails(self, emulator):
        emulator.ws.connect(name="ana")
        emulator.faults.drop_posts(to="ana")
        with pytest.raises(AssertionError, match=r"never struck.*\n.*PostDropped\(to='ana'"):
            emulator.check_end()

    def test_unless_that_is_allowed(self, emulator):
        emulator.faults.drop_posts()
        emulator.faults.allow_unused()
        emulator.check_end()

    def test_one_that_struck_some_of_its_times_is_used(self, emulator):
        emulator.faults.duplicate("say", times=5)
        asked(emulator.ws.connect())
        emulator.check_end()

    def test_faults_drawn_by_seed_and_without_a_number_need_not_strike(self, emulator):
        emulator.faults.schedule(3)
        emulator.faults.duplicate("say", times=None)
        emulator.check_end()

    def test_a_with_block_checks_too(self, app):
        with pytest.raises(AssertionError, match="never struck"), Emulator(app) as emulator:
            emulator.faults.drop_posts()

    def test_strict_about_what_nobody_looked_at(self, emulator):
        ana = emulator.ws.connect(name="ana")
        ana.send_json({"action": "say"})
        emulator.settle()
        emulator.check_end()
        with pytest.raises(AssertionError, match="ana got a message that nobody read: said hello ok"):
            emulator.check_end(strict=True)
        ana.receive()
        emulator.check_end(strict=True)

    def test_strict_about_an_invocation_that_failed(self, emulator):
        emulator.functions["app-say"].patch("helpers", None)
        emulator.ws.connect().send_json({"action": "say"})
        emulator.settle()
        with pytest.raises(AssertionError, match="an invocation failed: say → app-say: AttributeError"):
            emulator.check_end(strict=True)
