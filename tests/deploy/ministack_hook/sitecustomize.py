"""What MiniStack lacks, brought in from outside: put this folder on its PYTHONPATH.

In its Lambda processes, calls to `X.execute-api.REGION.amazonaws.com` go to MiniStack. The functions run unmodified and
build the address as on AWS, which does not exist here; MiniStack serves the API below `/_aws/execute-api/X`. As the
path changes, so does the signature, made with the function's own credentials.

In MiniStack itself, an accepted handshake answers the first subprotocol that was offered, as AWS does when `$connect`
says so. A browser that offered one and gets none hangs up.

Two condition keys of IAM that it does not know: `iam:PermissionsBoundary` of role calls (of the request where it sets
one, else of the role), and `aws:ResourceTag` of everything below an API of API Gateway. And CloudFormation puts the
permissions boundary of a template on the role that it makes.
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
    """Changes a module of MiniStack at the moment it is imported."""

    def __init__(self, name, change):  # type: ignore[no-untyped-def]
        self._name, self._change = name, change

    def find_spec(self, name, path, target=None):  # type: ignore[no-untyped-def]
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        run = spec.loader.exec_module

        def run_and_change(module):  # type: ignore[no-untyped-def]
            run(module)
            self._change(module)

        spec.loader.exec_module = run_and_change
        return spec


def _change_gateway(module):  # type: ignore[no-untyped-def]
    module.handle_websocket = _answering_subprotocol(module.handle_websocket)


def _change_iam_actions(module):  # type: ignore[no-untyped-def]
    context = module.request_tag_context

    def with_boundary(service, iam_action, body, params):  # type: ignore[no-untyped-def]
        found = context(service, iam_action, body, params)
        if service != "iam" or "Role" not in iam_action:
            return found
        if iam_action in ("iam:CreateRole", "iam:PutRolePermissionsBoundary"):
            boundary = module._query_param(params, "PermissionsBoundary")
        else:
            from ministack.services import iam

            boundary = (iam._roles.get(module._query_param(params, "RoleName")) or {}).get("PermissionsBoundary")
        return {**found, **({"iam:permissionsboundary": boundary} if boundary else {})}

    module.request_tag_context = with_boundary


def _change_provisioners(module):  # type: ignore[no-untyped-def]
    handlers = module._RESOURCE_HANDLERS["AWS::IAM::Role"]
    create, update = handlers["create"], handlers["update"]

    def bound(name, props):  # type: ignore[no-untyped-def]
        role = module._iam._roles.get(name)
        if role is not None:
            role["PermissionsBoundary"] = props.get("PermissionsBoundary")
            module._iam._roles[name] = role

    def create_bounded(logical_id, props, stack_name):  # type: ignore[no-untyped-def]
        made = create(logical_id, props, stack_name)
        bound(made[0], props)
        return made

    def update_bounded(physical_id, old_props, new_props, *rest, **options):  # type: ignore[no-untyped-def]
        made = update(physical_id, old_props, new_props, *rest, **options)
        bound(made[0], new_props)
        return made

    handlers.update(create=create_bounded, update=update_bounded)


def _change_tagging(module):  # type: ignore[no-untyped-def]
    known = module.resource_tags
    api = re.compile(r"arn:aws:apigateway:[^:]*::(?:/tags/.*%2Fapis%2F|/apis/)([A-Za-z0-9]+)")

    def with_apis(arn):  # type: ignore[no-untyped-def]
        found = api.match(arn)
        if found is None:
            return known(arn)
        from ministack.services import apigateway

        return (apigateway._apis.get(found[1]) or {}).get("tags")

    module.resource_tags = with_apis


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
    sys.meta_path[:0] = [
        _WhenImported("ministack.services.apigateway", _change_gateway),
        _WhenImported("ministack.core.iam_actions", _change_iam_actions),
        _WhenImported("ministack.services.tagging", _change_tagging),
        _WhenImported("ministack.services.cloudformation.provisioners", _change_provisioners),
    ]
