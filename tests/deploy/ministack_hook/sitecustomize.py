"""Two things that MiniStack's WebSocket lacks, brought in from outside: put this folder on its PYTHONPATH.

In its Lambda processes, calls to `X.execute-api.REGION.amazonaws.com` go to MiniStack. The functions run unmodified and
build the address as on AWS, which does not exist here; MiniStack serves the API below `/_aws/execute-api/X`. As the
path changes, so does the signature, made with the function's own credentials.

In MiniStack itself, an accepted handshake answers the first subprotocol that was offered, as AWS does when `$connect`
says so. A browser that offered one and gets none hangs up.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import re
import sys

_HOST = re.compile(r"https://([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\.amazonaws\.com")


def _install() -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.httpsession import URLLib3Session

    send = URLLib3Session.send

    def send_here(self, request):  # type: ignore[no-untyped-def]
        found = _HOST.match(request.url)
        if found is None:
            return send(self, request)
        api, region = found.groups()
        url = f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/{api}{request.url[found.end() :]}"
        credentials = Credentials(
            os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ.get("AWS_SESSION_TOKEN")
        )
        fresh = AWSRequest(method=request.method, url=url, data=request.body)
        SigV4Auth(credentials, "execute-api", region).add_auth(fresh)
        prepared = fresh.prepare()
        prepared.stream_output = request.stream_output
        return send(self, prepared)

    URLLib3Session.send = send_here


class _WhenImported(importlib.abc.MetaPathFinder):
    """Changes MiniStack's gateway at the moment it is imported."""

    def find_spec(self, name, path, target=None):  # type: ignore[no-untyped-def]
        if name != "ministack.services.apigateway":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        run = spec.loader.exec_module

        def run_and_change(module):  # type: ignore[no-untyped-def]
            run(module)
            module.handle_websocket = _answering_subprotocol(module.handle_websocket)

        spec.loader.exec_module = run_and_change
        return spec


def _answering_subprotocol(handle):  # type: ignore[no-untyped-def]
    async def handle_websocket(scope, receive, send, *rest, **options):  # type: ignore[no-untyped-def]
        async def answer(message):  # type: ignore[no-untyped-def]
            if message["type"] == "websocket.accept" and scope.get("subprotocols"):
                message = {**message, "subprotocol": scope["subprotocols"][0]}
            await send(message)

        return await handle(scope, receive, answer, *rest, **options)

    return handle_websocket


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _install()
else:
    sys.meta_path.insert(0, _WhenImported())
