"""The promises of `pingbox.handlers.ports.Postman`, for whatever adapter keeps them.

Subclass `PostmanPromises` in a test module and provide a fixture `office`: the promises run over your adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pingbox.handlers.ports import Delivery, Postman


@dataclass
class Office:
    """An adapter under test. `open(id)` makes a connection exist, `close(id)` makes it gone, `received(id)` is what
    its client got, in order; for real sockets it may wait until something is there.
    """

    postman: Postman
    open: Callable[[str], None]
    close: Callable[[str], None]
    received: Callable[[str], Sequence[bytes]]


class PostmanPromises:
    def test_one_frame_reaches_everybody(self, office: Office) -> None:
        """Each connection gets the very bytes, once; there is a result for every id."""
        ids = [f"c{i}=" for i in range(40)]
        for one in ids:
            office.open(one)
        frame = '{"text":"é 👍"}'.encode()
        assert dict(office.postman.post(ids, frame)) == dict.fromkeys(ids, Delivery.DELIVERED)
        assert [list(office.received(one)) for one in ids] == [[frame]] * 40

    def test_nobody_is_fine(self, office: Office) -> None:
        assert dict(office.postman.post([], b"{}")) == {}

    def test_the_gone_are_told_apart_and_stop_nobody(self, office: Office) -> None:
        """410: `GONE` for that one, the others are delivered."""
        for one in ("c1", "c2", "c3"):
            office.open(one)
        office.close("c2")
        results = office.postman.post(["c1", "c2", "c3"], b"{}")
        assert dict(results) == {"c1": Delivery.DELIVERED, "c2": Delivery.GONE, "c3": Delivery.DELIVERED}
        assert list(office.received("c2")) == []

    def test_frames_to_one_connection_keep_their_order(self, office: Office) -> None:
        """Posts that follow each other arrive in that order."""
        office.open("c1")
        frames = [str(i).encode() for i in range(20)]
        for frame in frames:
            office.postman.post(["c1"], frame)
        assert list(office.received("c1")) == frames

    def test_closing(self, office: Office) -> None:
        """After `close` the connection is not open, a post says `GONE`, and closing again is no error."""
        office.open("c1")
        assert office.postman.is_open("c1") is True
        office.postman.close("c1")
        assert office.postman.is_open("c1") is False
        assert dict(office.postman.post(["c1"], b"{}")) == {"c1": Delivery.GONE}
        office.postman.close("c1")
