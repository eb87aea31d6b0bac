"""A rehearsal of the deploy: what would be deployed, run here.

The zip is packed and unpacked, and the functions run from it alone under AWS's own runtime client (`awslambdaric`), in
processes that find neither this installation nor its environment. Routes, tables, environment, time limits and throttle
are read from the rendered template, the page from the files that would be uploaded. Roles are not enforced here.
"""

from __future__ import annotations

import importlib.util
import json
import secrets
import stat
import sys
import tempfile
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from aiohttp import web

from pingbox.deploy.artifacts.site import PutFile, SiteFile, site_steps
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.actual import NOTHING
from pingbox.deploy.plan.desired import Desired, page_config
from pingbox.deploy.plan.target import DeployTarget
from pingbox.emulator.cloud import Listen, LocalCloud
from pingbox.emulator.redirect import guard
from pingbox.local.item_store import item_store
from pingbox.rehearsal.parameters import OneParameter
from pingbox.settings import ServeSettings
from pingbox.templates import App, read_app

TARGET = DeployTarget("rehearsal", "dev", "us-east-1", "000000000000")
_RUNTIME = "provided.al2023"  # a runtime of one's own: the emulator starts `bootstrap`, which starts awslambdaric
_BOOTSTRAP = """\
#!{python} -IS
import os, sys
sys.path[:0] = [{home!r}]
from pingbox.emulator.redirect import guard
guard.install(os.environ["AWS_ENDPOINT_URL"])
for name in [name for name in sys.modules if name.split(".")[0] == "pingbox"]:
    del sys.modules[name]
sys.path[:1] = [os.environ["LAMBDA_TASK_ROOT"]]
sys.path.append({libraries!r})
from awslambdaric.__main__ import main
main(["awslambdaric", os.environ["_HANDLER"]])
"""


class Rehearsal:
    """A running rehearsal. Order of calls: `start`, then `url` and `websocket`, then `stop`."""

    def __init__(self, desired: Desired, *, port: int = 0, libraries: Path | None = None) -> None:
        """Unpacks what would be deployed. `DeployRefusedError` without awslambdaric.

        `libraries` is the folder with awslambdaric and boto3 for the functions; None means the ones installed here.
        """
        self._desired = desired
        libraries = libraries or _installed_libraries()
        self._folder = tempfile.TemporaryDirectory(prefix="pingbox-rehearsal-")
        self._code = _unpacked(desired, Path(self._folder.name), libraries)
        self._bucket: dict[str, SiteFile] = {}
        self.cloud = LocalCloud(
            self._read(""),
            item_store(ServeSettings(data_dir=None)),
            listen=Listen(port=port),
            services=[OneParameter(desired.target.secret, secrets.token_urlsafe(48))],
            page=self._page,
        )
        self.server = self.cloud.server

    @property
    def url(self) -> str:
        """The page."""
        return f"{self.server.url}/"

    @property
    def origin(self) -> str:
        """What the page's browser says where it comes from."""
        return self.server.url

    @property
    def websocket(self) -> str:
        """Where clients connect, as `config.json` says."""
        return self.server.ws_url(self._desired.target.stage)

    async def start(self) -> None:
        """Answer. Raises `OSError` if the port is taken."""
        await self.cloud.start()
        # The page's origin has the port in it, so the functions are told only now who may connect.
        await self.cloud.replace(self._read(self.server.url))
        self._upload()

    async def stop(self) -> None:
        """End every process and leave nothing behind."""
        await self.cloud.stop()
        self._folder.cleanup()

    def _read(self, origin: str) -> App:
        """What the rendered template declares, its functions run from the unpacked zip."""
        template = Path(self._folder.name) / "template.json"
        template.write_text(self._desired.template, encoding="utf-8")
        names = json.loads(self._desired.template)["Resources"]
        code = {f"code:{name}": str(self._code) for name in names}
        origins = f"missing,{origin}" if origin else "missing"
        app = read_app(
            template,
            parameters={**code, **self._desired.parameters, "AllowedOrigins": origins},
            region=self._desired.target.region,
            endpoint=origin or "http://127.0.0.1",
        )
        return replace(app, functions=tuple(replace(spec, runtime=_RUNTIME) for spec in app.functions))

    def _upload(self) -> None:
        """The page's files, by the very steps that would bring them to S3."""
        assert self._desired.site is not None
        config = page_config({"WebSocketUrl": self.websocket})
        for step in site_steps((*self._desired.site, config), NOTHING.site, "rehearsal"):
            if isinstance(step, PutFile):
                self._bucket[step.file.path] = step.file

    async def _page(self, request: web.BaseRequest) -> web.StreamResponse:
        """As S3's website hosting answers: the file with its headers, index.html for what is not there."""
        path = request.path.lstrip("/") or "index.html"
        file = self._bucket.get(path)
        status, file = (200, file) if file else (404, self._bucket["index.html"])
        headers = {"Content-Type": file.content_type, "Cache-Control": file.cache_control}
        if file.encoding:
            headers["Content-Encoding"] = file.encoding
        return web.Response(status=status, body=file.body, headers=headers)


def _unpacked(desired: Desired, folder: Path, libraries: Path) -> Path:
    """The zip's files and beside them the bootstrap; nothing else of PingBox is there to be imported."""
    code = folder / "code"
    [artifact] = desired.artifacts
    with zipfile.ZipFile(BytesIO(artifact.body)) as archive:
        archive.extractall(code)
    bootstrap = code / "bootstrap"
    home = Path(guard.__file__).parents[3]
    text = _BOOTSTRAP.format(python=sys.executable, home=str(home), libraries=str(libraries))
    bootstrap.write_text(text, encoding="utf-8")
    bootstrap.chmod(bootstrap.stat().st_mode | stat.S_IXUSR)
    return code


def _installed_libraries() -> Path:
    client = importlib.util.find_spec("awslambdaric")
    if client is None or client.origin is None:
        raise DeployRefusedError(
            "the rehearsal", "no awslambdaric", "AWS's runtime client for Python", "run `pip install awslambdaric`"
        )
    return Path(client.origin).parents[1]
