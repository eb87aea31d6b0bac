"""`serve` on a machine with a browser, and on a network: the curl lines of an attack, and what the start says."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pingbox.settings import ServeSettings, SettingsError
from support.serving import pingbox, serving

APP = Path(__file__).parents[1] / "apps" / "sam_websocket_api"


def status(endpoint: str, method: str, path: str, headers: dict[str, str], body: str = "") -> int:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


TABLES = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
INVOKE = "/2015-03-31/functions/ConnectLambda/invocations"


def test_a_web_page_reaches_neither_the_chats_tables_nor_its_functions(tmp_path: Path) -> None:
    with serving(tmp_path, "--ephemeral", "--allow-host", "box.example") as served:
        endpoint = served.addresses["endpoint"]
        assert status(endpoint, "POST", "/", {"Host": "evil.example:3001", **TABLES}, "{}") == 403
        foreign = {"Origin": "http://evil.example", "Content-Type": "text/plain"}
        assert status(endpoint, "POST", INVOKE, foreign, '{"evil":1}') == 403
        assert status(endpoint, "POST", "/", TABLES, "{}") == 200
        assert status(endpoint, "POST", "/", {"Host": "box.example", **TABLES}, "{}") == 200
        assert status(endpoint, "GET", "/", {}) == 200
        served.stop()
        assert "Open to" not in served.output
        assert "--allow-host evil.example" in served.output


@pytest.mark.parametrize("app", [[], [str(APP)]], ids=["chat", "app"])
def test_on_a_network_the_start_says_what_is_open(tmp_path: Path, app: list[str]) -> None:
    with serving(tmp_path, *app, "--ephemeral", "--host", "0.0.0.0", "--allow-origin", "https://a.example") as served:
        served.stop()
    assert (
        "the network: whoever reaches 0.0.0.0 can read, change and delete every table, invoke every function, "
        "post to every connection, without a key; only pages of https://a.example may connect" in served.output
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"allow_hosts": ("http://box.example",)}, "--allow-host 'http://box.example' is not a name"),
        ({"allow_hosts": ("box.example:3001",)}, "is not a name; expected one without scheme, port and path"),
        ({"allow_hosts": ("",)}, "is not a name"),
        ({"allow_origins": ("box.example",)}, "--allow-origin 'box.example' is not an origin"),
        ({"allow_origins": ("https://box.example/",)}, "expected scheme://host or scheme://host:port"),
        ({"allow_origins": ("https://Box.example",)}, "is not an origin"),
    ],
)
def test_names_that_can_never_match_are_refused(options: dict[str, tuple[str, ...]], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        ServeSettings(**options)


def test_the_command_refuses_them_too() -> None:
    done = pingbox("serve", "--allow-origin", "box.example", "--ephemeral")
    assert (done.returncode, "is not an origin" in done.stderr) == (2, True)
