"""A client that keeps the rules of docs/reference/protocol.md ("What a client must do to lose and double nothing").

It knows one room and is as small as the rules allow. `Habits` holds the rules that a mutation breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ROOM = "general"
Event = dict[str, Any]


@dataclass(frozen=True)
class Habits:
    """How a client behaves. The first two are rules; breaking one must be noticed by the model."""

    keeps_base: bool = True
    seen_is_contiguous: bool = True
    newest_kept: int = 5  # how many rows of the newest page a page fresh from a reload looks at


@dataclass
class Entry:
    """Something to be sent: a message or a change of one. `base`: everything up to here was examined for the cid;
    None: never tried.
    """

    frame: Event
    base: int | None = None


@dataclass
class Shown:
    """A message as the page shows it: what was read of it once, and then every event about it that is held."""

    text: str | None
    rev: int
    rx: dict[str, set[str]]

    @classmethod
    def read(cls, event: Event) -> Shown:
        rx = {emoji: set(users) for emoji, users in event.get("rx", {}).items()}
        return cls(event.get("text"), event.get("rev", 0), rx)

    def apply(self, event: Event) -> None:
        if event["type"] == "delete":
            self.text, self.rev, self.rx = None, 0, {}
        elif self.text is None:
            return
        elif event["type"] == "edit" and event["rev"] > self.rev:
            self.text, self.rev = event["text"], event["rev"]
        elif event["type"] == "reaction":
            users = self.rx.setdefault(event["emoji"], set())
            (users.add if event["op"] == "add" else users.discard)(event["user"]["id"])


@dataclass
class PageClient:
    """State of one browser page; its outbox survives a reload."""

    name: str
    habits: Habits = field(default_factory=Habits)
    have: dict[int, Event] = field(default_factory=dict)
    lo: int = 1
    seen: int = 0
    holds_nothing: bool = True
    epoch: str | None = None
    token: str | None = None
    outbox: dict[str, Entry] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    where: dict[str, int] = field(default_factory=dict)
    connection: str | None = None
    ready: bool = False
    behind: bool = False
    probes: dict[str, str] = field(default_factory=dict)  # request id of a sync -> cid it examines for
    user: str = ""
    refused: list[str] = field(default_factory=list)  # cids of changes that the server will not make
    told_read: int = 0  # the highest number of a `read` that was told while marks only go forward

    # --- what it sends

    def hello(self) -> Event:
        position: Event = {"room": ROOM}
        if not self.holds_nothing:
            position |= {"epoch": self.epoch, "seen": self.seen}
        return {"action": "hello", "name": self.name, "rooms": [position]}

    def write(self) -> str:
        return self._enter({"action": "sendMessage", "text": "text of {cid}"})

    def change(self, choose: Callable[[list[Any]], Any]) -> str | None:
        """Edit or delete an own message that is held, or react to any; None if there is none."""
        messages = [seq for seq, event in self.have.items() if event["type"] == "message"]
        own = [seq for seq in messages if self.have[seq]["user"]["id"] == self.user]
        kind = choose(["editMessage", "react", "react", "deleteMessage"])
        targets = messages if kind == "react" else own
        if not targets:
            return None
        frame: Event = {"action": kind, "target": choose(sorted(targets)[-3:])}
        if kind == "editMessage":
            frame["text"] = "changed by {cid}"
        elif kind == "react":
            frame |= {"emoji": choose(["\U0001f44d", "\u2764"]), "op": choose(["add", "add", "remove"])}
        return self._enter(frame)

    def mark(self) -> Event:
        return {"action": "markRead", "room": ROOM, "seq": self.seen, "id": f"mark-{self.seen}"}

    def _enter(self, frame: Event) -> str:
        cid = f"{self.name}-{len(self.written):06d}"
        text = {"text": frame["text"].format(cid=cid)} if "text" in frame else {}
        self.outbox[cid] = Entry(frame | text)
        self.written.append(cid)
        return cid

    def attempt(self, cid: str) -> Event:
        entry = self.outbox[cid]
        seen = self._seen_for(entry)
        return entry.frame | {"room": ROOM, "cid": cid, "seen": seen, "id": cid}

    def sync(self) -> Event:
        self.behind = False
        position = {} if self.holds_nothing else {"after": self.seen, "epoch": self.epoch}
        return {"action": "sync", "room": ROOM, **position}

    def probe(self, cid: str) -> Event:
        """Rule 4: look behind `base` for a cid that may be further back than the server looks."""
        self.probes[f"probe-{cid}"] = cid
        after = {"action": "sync", "room": ROOM, "epoch": self.epoch, "after": self.outbox[cid].base}
        return after | {"id": f"probe-{cid}"}

    def _seen_for(self, entry: Entry) -> int:
        if not self.habits.keeps_base or entry.base is None or entry.base >= self.lo - 1:
            entry.base = self.seen
        return entry.base

    # --- what it hears

    def receive(self, event: Event) -> Event | None:
        """Take one frame; what must be answered at once comes back."""
        match event["type"]:
            case "welcome":
                self._welcomed(event)
            case "sync":
                return self._take_page(event)
            case "message" | "edit" | "delete" | "reaction":
                self.take(event)
            case "ok" | "read":
                self._told(event)
            case "pong":
                self.behind |= ROOM in event["behind"]
            case "error":
                return self._refused(event)
            case "ready":
                self.ready = self.token is not None  # without it the next connection would be another user's
            case "presence" | "bye":
                pass
            case other:
                raise AssertionError(f"an event of type {other}")
        return None

    def _welcomed(self, event: Event) -> None:
        self.token, self.user = event["token"], event["user"]["id"]
        room = event["rooms"][0]
        assert self.epoch in (None, room["epoch"]), "the log changed its epoch"
        self.epoch = room["epoch"]
        if self.holds_nothing and room["head"] == 0:
            self.holds_nothing = False
            self._advance()  # over what was heard before this welcome came

    def _told(self, event: Event) -> None:
        """What has an answer and no event: a duplicate, a read marker."""
        if event["type"] == "read":
            held = self.have.get(event["seq"])
            assert held is None or held["n"] == event["n"], f"{event['seq']} was read with a wrong count"
            self.told_read = max(self.told_read, event["seq"])
        elif "cid" in event:
            self._settle(event["cid"], event["seq"])
            self.behind |= event["seq"] > self.seen

    def take(self, event: Event) -> None:
        event = {key: value for key, value in event.items() if key != "id"}
        seq = event["seq"]
        assert _identity(self.have.get(seq, event)) == _identity(event), f"number {seq} holds two events"
        self.have.setdefault(seq, event)
        if event["cid"] in self.written:
            self._settle(event["cid"], seq)
        if self.holds_nothing:
            self.behind = True  # heard something before the first page came: no run to put it in
            return
        self._advance()
        if not self.habits.seen_is_contiguous:
            self.seen = max(self.seen, seq)
        self.behind |= seq > self.seen

    def _advance(self) -> None:
        while self.seen + 1 in self.have:
            self.seen += 1

    def reload(self) -> None:
        """The page's memory is gone; the outbox with its bases was stored."""
        self.have, self.lo, self.seen, self.holds_nothing = {}, 1, 0, True
        self.epoch, self.connection, self.ready, self.behind = None, None, False, False
        self.probes.clear()

    def _take_page(self, page: Event) -> Event | None:
        assert not page["reset"], "told to start again although the log is the same"
        assert [event["seq"] for event in page["events"]] == list(range(page["from"], page["to"] + 1)), "a torn page"
        self.epoch = self.epoch or page["epoch"]
        if (cid := self.probes.pop(page.get("id", ""), None)) is not None:
            return self._take_probe(cid, page)
        events = page["events"]
        if self.holds_nothing:
            events = events[-self.habits.newest_kept :]
            self.lo, self.seen = page["to"] - len(events) + 1, page["to"]
            self.holds_nothing = False
        for event in events:
            self.take(event)
        self.behind |= page["more"]
        return None

    def _take_probe(self, cid: str, page: Event) -> Event | None:
        for event in page["events"]:
            if event["cid"] in self.written:
                self._settle(event["cid"], event["seq"])
        if cid not in self.outbox:
            return None
        self.outbox[cid].base = page["to"]
        return self.probe(cid) if page["more"] else None

    def _refused(self, event: Event) -> Event | None:
        if event["code"] == "behind":
            return self.probe(event["cid"]) if event["cid"] in self.outbox and self.epoch else None
        if event["code"] in ("not_found", "not_joined") and event["cid"] in self.outbox:
            assert self.outbox[event["cid"]].frame["action"] != "sendMessage", f"refused: {event}"
            self.refused.append(event["cid"])
            del self.outbox[event["cid"]]
            return None
        assert event["code"] in ("busy", "internal", "not_found"), f"refused: {event}"
        return None

    def shown(self, seq: int) -> Shown:
        """The message as the page shows it by now."""
        message = Shown.read(self.have[seq])
        for _, event in sorted(self.have.items()):
            if event.get("target") == seq:
                message.apply(event)
        return message

    def _settle(self, cid: str, seq: int) -> None:
        assert self.where.setdefault(cid, seq) == seq, f"{cid} is stored twice"
        self.outbox.pop(cid, None)


def _identity(event: Event) -> tuple[Any, ...]:
    """What never changes of an event, whenever it is read."""
    return event["seq"], event["n"], event["ts"], event["user"]["id"], event["cid"]
