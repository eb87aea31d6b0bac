"""One room as a client holds it: what a client must do to lose and double nothing (docs/reference/protocol.md).

No network and no clock. Frames to be sent come back as values; whoever has the socket sends them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]
_KEPT = 1000  # events of a room that stay at hand


@dataclass
class Entry:
    """Something to be put into the log. `base`: every event up to there was examined for its cid; None: never tried."""

    frame: Event
    base: int | None = None


@dataclass
class Room:
    """The events held, and what waits to be stored.

    `lo` to `seen` is the run that was examined; `seen` is its end, never the highest number heard of. `told`: the last
    number that `news` has given out. `behind`: there is something that is not here; `sync` asks for it.
    """

    name: str
    epoch: str | None = None
    lo: int = 1
    seen: int = 0
    told: int = 0
    holds_nothing: bool = True
    behind: bool = False
    have: dict[int, Event] = field(default_factory=dict)
    outbox: dict[str, Entry] = field(default_factory=dict)
    state: Event = field(default_factory=dict)
    _probes: dict[str, str] = field(default_factory=dict)

    # --- what to send

    def position(self) -> Event:
        """Where the client stands, for `hello` and `joinRoom`."""
        return {"room": self.name} | ({} if self.holds_nothing else {"epoch": self.epoch, "seen": self.seen})

    def attempt(self, cid: str) -> Event:
        """The frame that puts an entry of the outbox into the log; every attempt has the same cid."""
        entry = self.outbox[cid]
        if entry.base is None or entry.base >= self.lo - 1:
            entry.base = self.seen
        return entry.frame | {"room": self.name, "cid": cid, "id": cid, "seen": entry.base}

    def sync(self) -> Event:
        """Ask for what is behind `seen`."""
        self.behind = False
        return {"action": "sync", "room": self.name} | (
            {} if self.holds_nothing else {"after": self.seen, "epoch": self.epoch}
        )

    def look_back(self, cid: str) -> Event | None:
        """After `behind`: examine what is older than the server looks, before the next attempt."""
        if cid not in self.outbox or self.epoch is None:
            return None
        self._probes[f"look-{cid}"] = cid
        after = self.outbox[cid].base or 0
        return {"action": "sync", "room": self.name, "epoch": self.epoch, "after": after, "id": f"look-{cid}"}

    # --- what was heard

    def described(self, state: Mapping[str, Any]) -> None:
        """What `welcome` and `joined` say of the room. Another epoch is another log."""
        if self.epoch not in (None, state["epoch"]):
            self._begin_again()
        self.epoch, self.state = state["epoch"], dict(state)
        if self.holds_nothing and state["head"] == 0:
            self.holds_nothing = False
            self._advance()
        self.behind |= not self.holds_nothing and state["head"] > self.seen

    def take(self, event: Event) -> list[str]:
        """An event of the log, whatever way it came. The cids that it settles."""
        seq = event["seq"]
        self.have.setdefault(seq, {key: value for key, value in event.items() if key != "id"})
        if event["type"] == "room":
            self.state |= {"title": event["title"], "topic": event["topic"]}
        if not self.holds_nothing:
            self._advance()
        self.behind |= self.holds_nothing or seq > self.seen
        return [event["cid"]] if self.outbox.pop(event["cid"], None) else []

    def take_page(self, page: Event) -> tuple[list[str], Event | None]:
        """A `sync`. The cids that it settles, and the frame that must follow at once."""
        probe = self._probes.pop(page.get("id", ""), None)
        if page["reset"]:
            self._begin_again()
        self.epoch = page["epoch"]
        if self.holds_nothing or (probe is None and page["from"] > self.seen + 1):
            self.lo, self.seen, self.holds_nothing = page["from"], page["from"] - 1, False
            self.told = self.seen
        settled = [cid for event in page["events"] for cid in self.take(event)]
        if probe is not None and probe in self.outbox:
            self.outbox[probe].base = page["to"]
            return settled, self.look_back(probe) if page["more"] else None
        return settled, self.sync() if page["more"] else None

    def news(self) -> Iterator[Event]:
        """The events of the run that were not given out yet, in order."""
        while self.told < self.seen:
            self.told += 1
            self.have.pop(self.told - _KEPT, None)
            if self.told in self.have:
                yield self.have[self.told]

    def unread(self) -> int:
        """How many messages the user has not read, as far as this client knows."""
        newest: int = max((event["n"] for event in self.have.values()), default=self.state.get("headN", 0))
        read: int = self.state.get("readN", newest)
        return max(0, newest - read)

    def _advance(self) -> None:
        while self.seen + 1 in self.have:
            self.seen += 1

    def _begin_again(self) -> None:
        """What is held is not this log (any more): the outbox can only be examined from the new page on."""
        self.have, self.lo, self.seen, self.told, self.holds_nothing = {}, 1, 0, 0, True
        for entry in self.outbox.values():
            entry.base = None
