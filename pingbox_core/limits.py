"""Every number of the protocol (chat.md B9, C3, C5, C6). The page learns its share from `welcome.limits`."""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
SUBPROTOCOL: Final = "pingbox.v1"

# Frames: API Gateway closes with 1009 above 32 KB, so we stay below in both directions.
FRAME_BYTES: Final = 32_000
PAGE_BYTES: Final = 28_000  # the events of one page, so that the frame around them still fits
NESTING: Final = 6  # levels of objects and lists in a frame, the frame itself included

TEXT_CHARACTERS: Final = 4_000
TEXT_BYTES: Final = 16_384
NAME_CHARACTERS: Final = 32
TITLE_CHARACTERS: Final = 64
TOPIC_CHARACTERS: Final = 200
ECHO_CHARACTERS: Final = 64  # of an `id` or `cid`, as far as answers repeat it
MESSAGE_CHARACTERS: Final = 131_072  # API Gateway lets no larger message through
EPOCH_CHARACTERS: Final = 32
HIGHEST_SEQ: Final = 2**53 - 1  # the largest integer a JavaScript client can hold exactly

ROOMS_PER_CONNECTION: Final = 50
TABS_PER_USER: Final = 10
GUEST_ROOMS_PER_DAY: Final = 20
GUESTS_PER_MINUTE: Final = 30  # new guests from one address in the long run
GUESTS_AT_ONCE: Final = 100  # a class of pupils behind one router
PRESENCE_ONLINE: Final = 100  # presence events and lists of people; above it only a count

PAGE_EVENTS: Final = 50  # history, and the newest page
HISTORY_ROWS: Final = 60  # rows read at once for it, because some are not messages
SYNC_ROWS: Final = 200
GAP_EVENTS: Final = 500  # more than this missing at `hello`: the newest page instead, and an explicit gap

TAIL_EVENTS: Final = 100  # how old `seen` may be
SCRIPT_TAIL: Final = 50  # rows looked through for a `cid` that came without `seen`
APPEND_TRIES: Final = 24

EDITS: Final = 20  # of one message
EMOJI_PER_MESSAGE: Final = 12
USERS_PER_EMOJI: Final = 50
REACTION_BYTES: Final = 8_000  # of one message, so that it fits into a frame with its text
EMOJI_CHARACTERS: Final = 8
MENTIONS: Final = 20  # people one message calls
TYPING_ONLINE: Final = 20  # above it nobody is told who is writing
PREVIEW_CHARACTERS: Final = 120
RECENT_USERS: Final = 20  # who was in a room lately

SECOND: Final = 1_000  # milliseconds, the unit of every time in the core
MINUTE: Final = 60 * SECOND
DAY: Final = 24 * 60 * MINUTE
EDITABLE: Final = DAY  # how long after it was sent
ROW_LIFETIME: Final = 130 * MINUTE  # API Gateway ends every connection at 2 h; rows end 10 min later
YOUNG: Final = 30 * SECOND  # a connection this young may answer 410 because its upgrade is still pending
TOUCHED: Final = 2 * MINUTE  # how old the `lastSeen` of a connection may grow while it is in use
SILENT: Final = 6 * MINUTE  # the sweep asks about connections that said nothing for so long
GUEST_TOKEN_LIFETIME: Final = 30 * DAY
SETTLED: Final = DAY  # rows live two days at least: below this age no newer row can have expired

IDLE_PING_SECONDS: Final = 270
MAX_AGE_SECONDS: Final = 6_900


def append_pause(tries: int) -> float:
    """Seconds to wait at most after so many refusals, before the tail is read again (5 ms a try, at most 200)."""
    return min(0.2, 0.005 * tries)
