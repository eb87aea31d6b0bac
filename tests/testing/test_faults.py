"""Faults: each does what it says, once, to whom it was ordered for, and by seed the same each time."""

from __future__ import annotations

import json
import threading

import boto3
import pytest
from botocore.exceptions import ClientError

import pingbox.testing.faults
from pingbox.testing import Emulator, table
from pingbox.testing.faults import (
    DynamoDBThrottled,
    FunctionKilled,
    PostDelayed,
    PostDropped,
    PostRefused,
    ReadsStale,
)


class TestPosts:
    def test_refused_with_410_for_one_of_two(self, emulator, speak):
        """The handler sees GoneException for the one, and the other hears."""
        ana, bo = emulator.ws.connect(name="ana"), emulator.ws.connect(name="bo")
        emulator.faults.refuse_posts(410, to=bo)
        ana.send_json(speak("hi"))
        ana.expect(text="hi")
        bo.expect_nothing()
        calls = emulator.invocations.one("sendMessage").aws_calls
        assert "apigatewaymanagementapi.PostToConnection → GoneException" in map(str, calls)

    def test_429_is_what_boto3_calls_it(self, emulator):
        ana = emulator.ws.connect()
        emulator.faults.refuse_posts(429)
        with pytest.raises(ClientError, match="LimitExceededException"):
            emulator.management.post_to_connection(ConnectionId=ana.connection_id, Data=b"x")
        emulator.management.post_to_connection(ConnectionId=ana.connection_id, Data=b"y")
        ana.expect("y")

    def test_dropped_without_a_word(self, emulator, speak):
        """MG-31: 200 does not promise that the client got it."""
        ana, bo = emulator.ws.connect(name="ana"), emulator.ws.connect(name="bo")
        emulator.faults.drop_posts(to="bo")
        ana.send_json(speak("one"))
        ana.expect(text="one")
        bo.expect_nothing()
        ana.send_json(speak("two"))
        bo.expect(text="two")
        assert emulator.faults.triggered == ["post to bo dropped"]

    def test_delayed_until_the_clock_says_so(self, emulator, speak):
        ana = emulator.ws.connect()
        emulator.faults.delay_posts(60)
        ana.send_json(speak("late"))
        ana.expect_nothing()
        emulator.clock.advance(minutes=1)
        ana.expect(text="late")

    def test_reordered(self, emulator):
        ana = emulator.ws.connect()
        emulator.faults.reorder_posts(3)
        for text in (b"1", b"2", b"3", b"4"):
            emulator.management.post_to_connection(ConnectionId=ana.connection_id, Data=text)
        assert [ana.receive() for _ in range(4)] == ["3", "2", "1", "4"]

    def test_what_is_held_back_is_not_lost(self, emulator):
        """Too few posts to change places: after a second of the clock they come all the same."""
        ana = emulator.ws.connect()
        emulator.faults.reorder_posts(2)
        emulator.management.post_to_connection(ConnectionId=ana.connection_id, Data=b"alone")
        ana.expect_nothing()
        emulator.clock.advance(seconds=2)
        ana.expect("alone")

    def test_over_http_as_well(self, emulator):
        """A client that is not of this process meets the same faults."""
        ana = emulator.ws.connect()
        emulator.faults.refuse_posts(410)
        over_http = boto3.session.Session().client(
            "apigatewaymanagementapi", endpoint_url=emulator.management_url.replace("127.0.0.1", "localhost")
        )
        with pytest.raises(over_http.exceptions.GoneException):
            over_http.post_to_connection(ConnectionId=ana.connection_id, Data=b"x")

    def test_a_slow_client_fills_its_buffer(self, emulator):
        """MG-17: who does not read gets 429 for its posts, and everything once it reads."""
        ana = emulator.ws.connect()
        ana.stop_reading()
        posted = 0
        while self._posted(emulator, ana) and posted < 2000:
            posted += 1
            emulator.settle()
        assert 0 < posted < 2000
        ana.resume_reading()
        assert [len(ana.receive()) for _ in range(posted)] == [128 * 1024] * posted

    def _posted(self, emulator, client) -> bool:
        try:
            emulator.management.post_to_connection(ConnectionId=client.connection_id, Data=b"x" * 128 * 1024)
        except emulator.management.exceptions.LimitExceededException:
            return False
        return True


class TestInvocations:
    def test_a_lost_disconnect_leaves_a_ghost(self, emulator):
        """DC-1: best effort."""
        ana, bo = emulator.ws.connect(name="ana"), emulator.ws.connect(name="bo")
        emulator.faults.lose_disconnect(of=ana)
        ana.close()
        bo.close()
        emulator.settle()
        assert [item["connectionId"] for item in emulator.dynamodb.items("people")] == [ana.connection_id]

    def test_killed_after_its_second_call(self, emulator, speak):
        """The calls up to there are made; nothing after them is, not even in `finally`."""
        ana, bo = emulator.ws.connect(name="ana"), emulator.ws.connect(name="bo")
        emulator.faults.kill("sendMessage", after_calls=2)
        ana.send_json(speak("hi"))
        emulator.settle()
        posts = [frame for frame in emulator.frames.outgoing if frame.cause == "post"]
        assert len(posts) == 1
        assert "Runtime.ExitError" in emulator.invocations.one("sendMessage").error
        ana.send_json(speak("again"))
        bo.expect(text="again")

    def test_no_handler_survives_its_death(self):
        """`except Exception` does not see it, and a call in `finally` is not made."""
        reached = []

        def stubborn(event, context):
            people = boto3.resource("dynamodb").Table("people")
            try:
                people.put_item(Item={"id": "1"})
                reached.append("after the first call")
            except Exception:
                reached.append("except")
            finally:
                people.put_item(Item={"id": "2"})
                reached.append("finally")

        with Emulator({"$default": stubborn}, tables=[table("people", "id")]) as emulator:
            emulator.faults.kill(after_calls=1)
            emulator.ws.connect().send("go")
            emulator.settle()
            assert emulator.dynamodb.items("people") == [{"id": "1"}]
        assert reached == []

    def test_doubled(self, emulator, speak):
        """At least once means sometimes twice."""
        ana = emulator.ws.connect()
        emulator.faults.duplicate("sendMessage")
        ana.send_json(speak("hi"))
        ana.expect(text="hi")
        ana.expect(text="hi")
        emulator.invocations.assert_count("sendMessage", 2)

    def test_a_cold_start_is_another_environment(self, emulator, speak):
        ana = emulator.ws.connect()
        ana.send_json(speak("warm"))
        ana.expect(text="warm")
        emulator.faults.cold_start("sendMessage")
        ana.send_json(speak("cold"))
        ana.expect(text="cold")
        emulator.settle()
        assert any("Init Duration" in line for line in emulator.invocations[-1].logs)


class TestDynamoDB:
    def test_throttled_once(self, emulator):
        emulator.faults.throttle_dynamodb("PutItem", table="people")
        people = emulator.dynamodb.table("people")
        with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
            people.put_item(Item={"connectionId": "x"})
        people.put_item(Item={"connectionId": "x"})

    def test_a_stale_read_sees_the_table_as_it_was(self, emulator):
        """Consistent reads see the present; the others what was there `lag` seconds ago."""
        people = emulator.dynamodb.table("people")
        people.put_item(Item={"connectionId": "x", "n": 1})
        emulator.clock.advance(seconds=10)
        emulator.faults.stale_reads(lag=5)
        people.put_item(Item={"connectionId": "x", "n": 2})
        assert people.get_item(Key={"connectionId": "x"})["Item"]["n"] == 1
        assert people.get_item(Key={"connectionId": "x"}, ConsistentRead=True)["Item"]["n"] == 2
        emulator.clock.advance(seconds=5)
        assert people.get_item(Key={"connectionId": "x"})["Item"]["n"] == 2

    def test_a_read_that_missed_a_write_is_in_the_report(self, emulator):
        """Those that saw everything are not: they are no explanation of anything."""
        people = emulator.dynamodb.table("people")
        emulator.faults.stale_reads(lag=5)
        people.get_item(Key={"connectionId": "x"})
        assert emulator.faults.story() == ""
        people.put_item(Item={"connectionId": "x"})
        people.get_item(Key={"connectionId": "x"}, ConsistentRead=True)
        people.scan()
        assert emulator.faults.triggered == ["dynamodb.Scan answered as of 5 s ago"]
        assert "⚡ dynamodb.Scan answered as of 5 s ago" in emulator.diagram()
        emulator.clock.advance(seconds=6)
        people.scan()
        assert len(emulator.faults.triggered) == 1

    def test_an_index_is_stale_too(self):
        by_room = {
            "TableName": "members",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "room", "AttributeType": "S"},
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "byRoom",
                    "KeySchema": [{"AttributeName": "room", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        }
        with Emulator({"$default": lambda event, context: None}, tables=[by_room]) as emulator:
            for _ in range(2):  # after a reset, the second copy begins empty, too
                emulator.faults.stale_reads(lag=5)
                members = emulator.dynamodb.table("members")
                members.put_item(Item={"id": "1", "room": "r"})
                found = {"IndexName": "byRoom", "KeyConditionExpression": "room = :r"}
                values = {"ExpressionAttributeValues": {":r": "r"}}
                assert members.query(**found, **values)["Count"] == 0
                emulator.clock.advance(seconds=6)
                assert members.query(**found, **values)["Count"] == 1
                emulator.reset()


class TestSchedules:
    def test_the_same_seed_is_the_same_schedule(self, emulator):
        first = emulator.faults.schedule(42, count=20)
        again = emulator.faults.schedule(42, count=20)
        other = emulator.faults.schedule(43, count=20)
        assert first.faults == again.faults
        assert first.faults != other.faults

    def test_what_is_printed_orders_the_same_again(self, emulator):
        """A failing run's report can be pasted into a test."""
        schedule = emulator.faults.schedule(5, count=8)
        emulator.faults.clear()
        exec(str(schedule), {"pingbox": emulator, **vars(pingbox.testing.faults)})
        assert emulator.faults.waiting == [fault for fault in schedule.faults if not isinstance(fault, ReadsStale)]

    def test_only_of_some_kinds(self, emulator):
        schedule = emulator.faults.schedule(1, count=30, kinds=[PostDropped, ReadsStale])
        assert {type(fault) for fault in schedule.faults} == {PostDropped, ReadsStale}

    def test_nonsense_is_refused(self, emulator):
        with pytest.raises(ValueError, match="at least one fault"):
            emulator.faults.schedule(1, count=0)
        with pytest.raises(ValueError, match="expected kinds out of"):
            emulator.faults.schedule(1, kinds=[int])

    def test_skip_and_times_count_occasions(self, emulator):
        ana = emulator.ws.connect()
        emulator.faults.order(PostDropped(skip=1, times=2))
        for text in "abcd":
            emulator.management.post_to_connection(ConnectionId=ana.connection_id, Data=text.encode())
        emulator.settle()
        assert ana.received == ["a", "d"]

    def test_a_reset_forgets_them(self, emulator):
        emulator.faults.order(PostRefused(), PostDelayed(5), FunctionKilled(), DynamoDBThrottled(), ReadsStale(9))
        emulator.reset()
        assert emulator.faults.waiting == []
        assert emulator.faults.story() == ""


def test_faults_strike_once_however_many_threads_ask(emulator):
    ana = emulator.ws.connect()
    emulator.faults.drop_posts(times=7)
    client = emulator.management
    post = lambda: [client.post_to_connection(ConnectionId=ana.connection_id, Data=json.dumps(n)) for n in range(5)]  # noqa: E731
    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    emulator.settle()
    assert len(ana.received) == 20 - 7
