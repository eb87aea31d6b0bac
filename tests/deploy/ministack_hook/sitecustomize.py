"""Inside MiniStack's Lambda processes: calls to `X.execute-api.REGION.amazonaws.com` go to MiniStack, signed anew.

The functions run unmodified and build the same address as on AWS, which does not exist here. MiniStack serves the API
below `/_aws/execute-api/X`; because the path changes, so does the signature, made with the function's own credentials.
"""

from __future__ import annotations

import os
import re

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


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _install()
