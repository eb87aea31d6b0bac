"""What every postman promises (ports.Postman): run over the cloud's adapter, and importable for others.

`PostmanPromises` is a base class: a subclass provides the fixture `office`, and an in-process adapter keeps the same
promises as the boto3 one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pingbox.handlers.ports import Delivery
from pingbox.handlers.postman import ManagementPostman
from support.chat.postman_promises import Office, PostmanPromises


class FakeManagement:
    """boto3's `@connections` client as far as the postman uses it: answers by connection id, counts calls."""

    def __init__(self) -> None:
        self.got: dict[str, list[bytes]] = {}
        self.status: dict[str, list[int]] = {}
        self.calls: list[str] = []

    def _answer(self, connection: str) -> None:
        from botocore.exceptions import ClientError

        self.calls.append(connection)
        statuses = self.status.get(connection, [])
        status = statuses.pop(0) if len(statuses) > 1 else (statuses or [200])[0]
        if status != 200:
            answer: Any = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(answer, "PostToConnection")

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:
        self._answer(ConnectionId)
        self.got.setdefault(ConnectionId, []).append(Data)

    def delete_connection(self, *, ConnectionId: str) -> None:
        self._answer(ConnectionId)
        self.status[ConnectionId] = [410]

    def get_connection(self, *, ConnectionId: str) -> None:
        self._answer(ConnectionId)


@pytest.fixture
def management() -> FakeManagement:
    return FakeManagement()


@pytest.fixture
def office(management: FakeManagement) -> Iterator[Office]:
    pauses: list[float] = []
    postman = ManagementPostman(management, pauses.append)

    def close(connection: str) -> None:
        management.status[connection] = [410]

    yield Office(postman, open=lambda connection: None, close=close, received=lambda c: management.got.get(c, []))
    postman.shut_down()


class TestManagementPostman(PostmanPromises):
    """boto3's adapter."""

    @pytest.mark.parametrize(
        ("statuses", "delivery", "calls"),
        [
            ([429, 200], Delivery.DELIVERED, 2),
            ([429, 429, 200], Delivery.DELIVERED, 3),
            ([429], Delivery.FAILED, 3),
            ([500], Delivery.FAILED, 1),
            ([403], Delivery.FAILED, 1),
            ([413], Delivery.FAILED, 1),
            ([410], Delivery.GONE, 1),
            ([400], Delivery.GONE, 1),
        ],
    )
    def test_answers_of_the_gateway(
        self, office: Office, management: FakeManagement, statuses: list[int], delivery: Delivery, calls: int
    ) -> None:
        """MG-10..17: 429 is tried twice more and then given up; 410 and 400 mean gone; the rest failed."""
        management.status["c1"] = statuses
        assert office.postman.post(["c1"], b"{}") == {"c1": delivery}
        assert management.calls == ["c1"] * calls

    def test_the_first_is_posted_before_the_others(self, office: Office, management: FakeManagement) -> None:
        """The sender comes first."""
        office.postman.post([f"c{i}" for i in range(50)], b"{}")
        assert management.calls[0] == "c0"
        assert len(management.calls) == 50

    def test_when_in_doubt_a_connection_is_open(self, office: Office, management: FakeManagement) -> None:
        """A throttled question must not cost anybody their place."""
        management.status["c1"] = [429]
        assert office.postman.is_open("c1") is True
