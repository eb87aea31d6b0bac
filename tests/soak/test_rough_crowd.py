"""Clients and handlers with bad manners: nothing gets stuck, nothing is left behind.

The long version, with 1,000 connections: `python -m benchmarks soak`.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from support import proc_files
from support.rough_crowd import Times
from support.soaking import Soak, run_soak

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
