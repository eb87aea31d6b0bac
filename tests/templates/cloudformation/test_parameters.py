"""Parameters are checked as CloudFormation checks them, but only those that something local uses."""

from __future__ import annotations

HEAD = """\
Parameters:
  Env: {Type: String, AllowedValues: [dev, prod], Default: dev}
  Name: {Type: String}
  Secret: {Type: String, NoEcho: true, AllowedPattern: "[a-z]+", Default: abc}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /app/name}
  Seconds: {Type: Number, Default: 7}
"""


def with_environment(smallest: str, value: str) -> str:
    return HEAD + smallest.replace(
        "Code: code}}", f"Code: code, Timeout: !Ref Seconds, Environment: {{Variables: {{X: !Ref {value}}}}}}}}}"
    )


def test_a_default_counts_and_a_given_value_counts_more(read, smallest):
    text = with_environment(smallest(), "Env")
    assert read(text).functions[0].environment == {"X": "dev"}
    assert read(text, parameters={"Env": "prod"}).functions[0].environment == {"X": "prod"}


def test_a_number_may_be_given_as_text(read, smallest):
    app = read(with_environment(smallest(), "Env"), parameters={"Seconds": "12"})
    assert app.functions[0].timeout == 12


def test_a_parameter_nobody_uses_needs_no_value(read, smallest):
    assert read(with_environment(smallest(), "Env")).apis


def test_a_parameter_in_use_needs_one_and_the_error_has_line_and_advice(refusal, smallest):
    error = refusal(with_environment(smallest(), "Name"))
    assert error.place.line == 3
    assert error.logical_id == "Name"
    assert "--parameter Name=VALUE" in error.next_step


def test_a_value_outside_the_allowed_ones_is_refused(refusal, smallest):
    error = refusal(with_environment(smallest(), "Env"), parameters={"Env": "mars"})
    assert error.received == "mars"
    assert error.expected == "one of dev, prod"


def test_a_hidden_value_is_not_shown_in_its_error(refusal, smallest):
    error = refusal(with_environment(smallest(), "Secret"), parameters={"Secret": "PASSW0RD"})
    assert "PASSW0RD" not in str(error)


def test_a_value_from_the_parameter_store_must_be_given(read, refusal, smallest):
    text = with_environment(smallest(), "Stored")
    assert "Parameter Store" in refusal(text).message
    assert read(text, parameters={"Stored": "chat"}).functions[0].environment == {"X": "chat"}


def test_a_parameter_the_template_does_not_have_is_refused(refusal, smallest):
    error = refusal(with_environment(smallest(), "Env"), parameters={"Enviroment": "dev"})
    assert error.logical_id == "Enviroment"
    assert "Env" in error.expected
