"""Clients and handlers with bad manners: nothing gets stuck, nothing is left behind.

The long version, with 1,000 connections: `python -m benchmarks soak`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pingbox.testing import Clients, Emulator
from support import proc_files
from support.sockets.rough_crowd import Crowd, Times
from support.sockets.soak import Soak, run_soak
from support.waiting import until

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks at processes and sockets in /proc")


async def test_a_rough_crowd_leaves_no_stuck_connection_and_no_process(tmp_path):
    """Crashing, hanging, leaving handlers; clients that vanish, babble, stay too long; then Ctrl-C, then `kill -9`."""
    soak = Soak(members=20, seconds=3, times=Times(idle=4.5, duration=6, think=0.2), environments=4)
    verdict = await run_soak(soak, tmp_path)
    assert verdict.faults == []
    assert verdict.stuck == [], "ended, and the gateway still knows them"
    assert verdict.sockets == 0, "the gateway holds sockets of clients that are gone"
    assert verdict.orphans == []
    assert sum(verdict.lives.values()) >= soak.members
    assert verdict.connections > 0


SILENT = "silent until the idle timeout"


@pytest.fixture
def emulator():
    """It answers everybody's first message as the soak app does, and no other."""
    met = set()

    def talk(event, context):
        me = event["requestContext"]["connectionId"]
        kind = "talk" if me not in met else "tale"
        met.add(me)
        return {"statusCode": 200, "body": json.dumps({"type": kind, "me": me})}

    with Emulator({"talk": talk}, two_way=["talk"]) as emulator:
        yield emulator


async def test_an_idle_timeout_is_right_when_it_is_due(emulator):
    async with one_life(emulator, SILENT, Times(idle=0, duration=60, think=0)) as crowd:
        emulator.clock.advance(minutes=10)
    assert (crowd.faults, list(crowd.lives)) == ([], [SILENT])


async def test_an_idle_timeout_that_comes_too_early_is_a_fault(emulator):
    """The judge of ends can see one."""
    async with one_life(emulator, SILENT, Times(idle=60, duration=60, think=0)) as crowd:
        emulator.clock.advance(minutes=10)
    (fault,) = crowd.faults
    assert fault.startswith(f"{SILENT}: AssertionError the connection was closed with 1001, ")
    assert not crowd.lives


async def test_an_end_with_another_code_is_a_fault_whatever_is_due(emulator):
    """The judge of ends can see one."""
    async with one_life(emulator, SILENT, Times(idle=0, duration=0, think=0)) as crowd:
        await asyncio.to_thread(emulator.management.delete_connection, ConnectionId=crowd.ended[0])
    (fault,) = crowd.faults
    assert fault.startswith(f"{SILENT}: AssertionError the connection was closed with 1000, ")


async def test_a_wrong_answer_is_a_fault_whatever_is_due(emulator):
    """The judge of answers can see one."""
    async with one_life(emulator, "talks, vanishes", Times(idle=0, duration=0, think=0)) as crowd:
        pass
    (fault,) = crowd.faults
    assert fault.startswith("talks, vanishes: AssertionError talk was answered {'type': 'tale'")


@asynccontextmanager
async def one_life(emulator, kind, times):
    """A crowd of one, who is in; its life is over when the block is left."""
    async with Clients(emulator.ws_url) as ws, asyncio.TaskGroup() as group:
        crowd = Crowd(ws, emulator.ws_url, times)
        group.create_task(crowd.lead(kind))
        await until(lambda: crowd.ended, "the member to be in")
        yield crowd


def test_a_marked_process_is_found_and_counted_out_when_it_ends():
    """The judge of orphans can see one."""
    with subprocess.Popen(["sleep", "60"], env=os.environ | {"SOAK_MARKER": "judge"}) as process:
        try:
            assert "sleep 60" in proc_files.carrying("SOAK_MARKER", "judge")[process.pid]
        finally:
            process.send_signal(signal.SIGKILL)
    assert proc_files.carrying("SOAK_MARKER", "judge") == {}


def test_a_held_connection_is_seen_unless_it_is_of_a_known_process():
    """The judge of stuck sockets can see one."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.accept()
            with accepted:
                assert proc_files.connections_of(port) == 1
                assert proc_files.connections_of(port, but=[os.getpid()]) == 0
        assert proc_files.connections_of(port) == 0
