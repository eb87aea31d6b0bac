"""`app` in [tool.pingbox] names what to serve, for `serve` as for the test kit."""

from __future__ import annotations

import pytest

from pingbox.templates import read_app
from pingbox.templates.errors import TemplateError

CODE = "def handler(event, context):\n    return {'statusCode': 200}\n\nROUTES = {'$default': handler}\n"


def project(folder, toml):
    (folder / "pyproject.toml").write_text(toml)
    (folder / "chat.py").write_text(CODE)
    return read_app(folder, endpoint="http://127.0.0.1:1")


def test_it_may_name_routes_relative_to_the_project(tmp_path):
    app = project(tmp_path, '[tool.pingbox]\napp = "chat:ROUTES"\n')
    assert [route.route_key for route in app.apis[0].routes] == ["$default"]
    assert app.functions[0].code == str(tmp_path)


def test_it_may_name_another_file(tmp_path):
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "serverless.yml").write_text(
        "service: s\nprovider: {name: aws, runtime: python3.13}\n"
        "functions: {all: {handler: chat.handler, events: [{websocket: $default}]}}\n"
    )
    app = project(tmp_path, '[tool.pingbox]\napp = "infra/serverless.yml"\n')
    assert app.kind == "serverless.yml"


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[tool.pingbox]\napp = "chat:ROUTES"\nname = "x"\n', "stands beside a declaration"),
        ('[tool.pingbox]\napp = "nowhere.yaml"\n', "neither a file nor a folder"),
        ("[tool.pingbox]\napp = 7\n", "has the wrong type"),
        ("[tool.pingbox\n", "is not TOML"),
    ],
)
def test_what_cannot_be_followed_is_said(tmp_path, toml, words):
    with pytest.raises(TemplateError, match=words):
        project(tmp_path, toml)
