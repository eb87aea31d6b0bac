"""What all connections of a server share: the deployed APIs, the open sockets, time, ids, and who is told."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from pingbox.emulator.activity import Activity, IntegrationTimedOut, Invoked, Observer
from pingbox.emulator.clock import Clock
from pingbox.emulator.http.access import Access
from pingbox.emulator.http.notices import Notices
from pingbox.emulator.http.timers import Timers
from pingbox.emulator.http.transports import Transports
from pingbox.emulator.services.apigateway.common.addresses import find_deployment
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.apigateway.common.throttling import Buckets
from pingbox.emulator.services.apigateway.websocket import connection, events
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.apigateway.websocket.conversation import Deployment, EventIds, problem
from pingbox.emulator.services.lambda_.details import Details, details
from pingbox.emulator.services.lambda_.outcome import Functions, NotInvoked, Outcome
from pingbox.model.api import Api, Route

if TYPE_CHECKING:
    from pingbox.emulator.services.apigateway.server.client_socket import ClientSocket

UNQUALIFIED = Details()

logger = logging.getLogger(__name__)


class Gateway:
    """Shared by the listener, the sockets and `@connections`. Only `soon` and `socket` may be called off the loop."""

    def __init__(
        self,
        apis: Sequence[Api],
        functions: Functions,
        *,
        clock: Clock,
        observer: Observer | None,
        region: str,
        account_id: str,
        switches: Switches,
        access: Access,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.deploy(apis)
        self.functions = functions
        self.clock = clock
        self.region = region
        self.account_id = account_id
        self.switches = switches
        self.access = access
        self.notices = Notices(logger)
        self.loop = loop
        self._thread = threading.get_ident()
        self.timers = Timers(clock, loop)
        self.buckets = Buckets()
        self.sockets: dict[str, ClientSocket] = {}
        self.transports = Transports()
        self.observed = observer is not None
        self.stopping = False
        self._observer = observer
        self._tasks: set[asyncio.Task[None]] = set()
        self._jobs: deque[tuple[contextvars.Context, Callable[[], None]]] = deque()
        self._jobs_announced = False

    # --- who is there -----------------------------------------------------------------------------------------------

    def deploy(self, apis: Sequence[Api]) -> None:
        """Serve these APIs from now on."""
        self.apis = tuple(apis)
        self._deployments = {(api.api_id, stage.name): Deployment(api, stage) for api in apis for stage in api.stages}

    def deployment(self, connection: Connection) -> Deployment | None:
        """The connection's API and stage as deployed now (HS-10); None if they were taken away."""
        return self._deployments.get((connection.api_id, connection.stage))

    def deployed(self, host: str, *, prefix: str, stage: str) -> Deployment | None:
        """The deployment that a request to `@connections` names."""
        return find_deployment(self.apis, host, prefix=prefix, stage=stage)

    def socket(self, deployment: Deployment, connection_id: str) -> ClientSocket | None:
        """The open connection of this stage with this id, or None. From any thread."""
        socket = self.sockets.get(connection_id)
        if socket is None or not socket.open:
            return None
        connection = socket.connection
        own = (connection.api_id, connection.stage) == (deployment.api.api_id, deployment.stage.name)
        return socket if own else None

    # --- ids --------------------------------------------------------------------------------------------------------

    def event_ids(self, now: float, connection_id: str | None = None) -> EventIds:
        """New ids for an event; a message of a connection gets a message id too."""
        request_id = connection.request_id(now, os.urandom(connection.RANDOM_BYTES))
        if connection_id is None:
            return EventIds(request_id)
        return EventIds(request_id, connection.message_id(now, os.urandom(connection.RANDOM_BYTES), connection_id))

    def trace_id(self, now: float) -> str:
        return events.trace_id(now, os.urandom(12))

    def connection_id(self, now: float) -> str:
        return connection.connection_id(now, os.urandom(connection.RANDOM_BYTES))

    # --- telling ----------------------------------------------------------------------------------------------------

    def tell(self, happening: Activity) -> None:
        """Tell the observer; one that raises harms nobody."""
        if self._observer is None:
            return
        try:
            self._observer(happening)
        except Exception:
            logger.exception("the observer failed on %s; the gateway goes on", type(happening).__name__)

    # --- work -------------------------------------------------------------------------------------------------------

    async def invoke(
        self,
        connection: Connection,
        route_key: str,
        function: str,
        event: Any,
        timeout_ms: int,
        called: Details = UNQUALIFIED,
        route: Route | None = None,
    ) -> Outcome | IntegrationTimedOut:
        """Run one function, wait for it as long as its integration may take, and tell the observer about it.

        `route_key` is also the authorizer's name for its runs. `called`: by which alias or version.
        `route` is the one whose integration it is, None for an authorizer.
        """
        begun = self.clock.now()
        outcome: Outcome | IntegrationTimedOut
        details.set(called)  # an event of the gateway's own, whatever caused it
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                outcome = await self.functions.invoke(function, event)
        except TimeoutError:
            outcome = IntegrationTimedOut()
        except Exception as error:
            logger.exception("function %s could not be run", function)
            outcome = NotInvoked(f"{type(error).__name__} while running {function}")
        if self.observed:
            ended, ids = self.clock.now(), (connection.api_id, connection.stage, route_key, connection.connection_id)
            wrong = None if route is None else problem(outcome, route, self.switches)
            self.tell(Invoked(ended, *ids, function, event, outcome, ended - begun, wrong))
        return outcome

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run in the background; `finish` waits for it or cancels it. A failure is logged, not lost."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)
        return task

    def soon(self, job: Callable[[], None]) -> None:
        """Run `job` on the loop's thread, in the order of the calls: at once when this is that thread and no job waits.

        From any thread; wakes the loop at most once. A job runs in the context of its call, which knows its cause.
        """
        context = contextvars.copy_context()
        if threading.get_ident() == self._thread and not self._jobs:
            context.run(job)
            return
        self._jobs.append((context, job))
        if not self._jobs_announced:
            self._jobs_announced = True
            self.loop.call_soon_threadsafe(self._run_jobs)

    async def finish(self, within: float, force: asyncio.Event, others: Callable[[], Awaitable[None]]) -> None:
        """Wait for background work and what it begins, `others` after it, at most `within` seconds or until `hurry`.

        What still runs then is cancelled.
        """
        waiting = [self.loop.create_task(self._idle(others)), self.loop.create_task(force.wait())]
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        left = [*waiting, *self._tasks]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _idle(self, others: Callable[[], Awaitable[None]]) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)
        await others()

    def _run_jobs(self) -> None:
        self._jobs_announced = False  # before the work: a job added from now on announces itself again
        while self._jobs:
            context, job = self._jobs.popleft()
            context.run(job)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("the gateway failed internally", exc_info=error)
