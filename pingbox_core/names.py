"""Names, ids and texts: what is allowed, and how it is normalised (chat.md B9)."""

from __future__ import annotations

import re
import unicodedata

from pingbox_core import limits
from pingbox_core.errors import Code

_ROOM = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")
_USER = r"[A-Za-z0-9._~-]{1,64}"
_USER_ID = re.compile(_USER)
_DIRECT = re.compile(f"dm:({_USER}):({_USER})")
_CID = re.compile(r"[A-Za-z0-9_-]{8,36}")
_REFUSED_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # C0 without tab and newline, DEL, C1
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they reorder what follows, beyond the text too
_EMOJI = "[\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
_JOINED = re.compile(f"(?<={_EMOJI})\u200d(?={_EMOJI})|(?<=[\ufe0f\U0001f3fb-\U0001f3ff])\u200d(?={_EMOJI})")
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{2,6}\U000e007f")  # of England, Scotland, Wales
_SURROGATES = re.compile("[\ud800-\udfff]")
_DRAWN = f"(?![\U0001f1e6-\U0001f1ff]){_EMOJI}[\ufe0f\U0001f3fb-\U0001f3ff]*"
_ONE_EMOJI = re.compile(
    f"{_FLAG.pattern}|[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_DRAWN}(?:\u200d{_DRAWN})*"
)
# Letters and marks that draw nothing; the other invisible ones are found by their category.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


class UnacceptableError(ValueError):
    """A name or text that the rules refuse; `code` is the protocol's word for it."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def is_public_room(room: str) -> bool:
    """Whether `room` may name a room that anyone can join."""
    return _ROOM.fullmatch(room) is not None


def direct_members(room: str) -> tuple[str, str] | None:
    """The two user ids of a direct room `dm:<a>:<b>`, which are sorted; None if `room` is no such id."""
    found = _DIRECT.fullmatch(room)
    if found is None or found[1] >= found[2]:
        return None
    return found[1], found[2]


def direct_room(one: str, other: str) -> str:
    """The id of the conversation of two users."""
    return f"dm:{min(one, other)}:{max(one, other)}"


def is_room(room: str) -> bool:
    """Whether `room` is the id of a public or a direct room."""
    return is_public_room(room) or direct_members(room) is not None


def is_user_id(user: str) -> bool:
    """Whether `user` may be the `sub` of a token."""
    return _USER_ID.fullmatch(user) is not None


def is_guest(user: str) -> bool:
    """Whether the id is a guest's: no token of another issuer can have it."""
    return user.startswith("g-")


def is_cid(cid: str) -> bool:
    """Whether `cid` may be a client's idempotency key."""
    return _CID.fullmatch(cid) is not None


def display_name(given: str) -> str:
    """`given` as it is shown: NFKC, spaces collapsed, invisible and bidi characters taken out; emoji stay whole.

    Raises `UnacceptableError` if nothing visible is left or it is longer than 32 characters.
    """
    return _label(given, limits.NAME_CHARACTERS, "a name", Code.BAD_NAME)


def room_title(given: str) -> str:
    """A room's title, normalised as a display name is; at most 64 characters."""
    return _label(given, limits.TITLE_CHARACTERS, "a title", Code.BAD_REQUEST)


def room_topic(given: str) -> str:
    """A room's topic, normalised as a display name is; at most 200 characters, may be empty."""
    return _label(given, limits.TOPIC_CHARACTERS, "a topic", Code.BAD_REQUEST) if given.strip() else ""


def guest_name(user: str) -> str:
    """What a guest is called who has not said a name."""
    return f"Guest {user[-4:].upper()}"


def is_emoji(given: str) -> bool:
    """Whether it is one emoji: at most eight code points that are drawn as one."""
    return len(given) <= limits.EMOJI_CHARACTERS and _ONE_EMOJI.fullmatch(given) is not None


def preview(text: str) -> str:
    """The beginning of a text for a list of rooms: one line, 120 characters."""
    line = " ".join(text[: 4 * limits.PREVIEW_CHARACTERS].split())
    return line if len(line) <= limits.PREVIEW_CHARACTERS else line[: limits.PREVIEW_CHARACTERS - 1] + "\u2026"


def message_text(given: str) -> str:
    """`given` without the white space around it and without the controls that reorder text.

    Raises `UnacceptableError`: nothing that anybody could see, too long, control characters.
    """
    text = _BIDI_CONTROLS.sub("", given).strip()
    if not any(_is_visible(c) for c in text) and not _REFUSED_CONTROLS.search(text):
        raise UnacceptableError(Code.EMPTY, "a message needs some text")
    if len(text) > limits.TEXT_CHARACTERS:
        raise UnacceptableError(
            Code.TOO_LONG, f"this message has {len(text)} characters; at most {limits.TEXT_CHARACTERS} fit"
        )
    if _SURROGATES.search(text) or _REFUSED_CONTROLS.search(text):
        raise UnacceptableError(Code.BAD_REQUEST, "a message may hold no control characters but tab and newline")
    if len(text.encode()) > limits.TEXT_BYTES:
        raise UnacceptableError(
            Code.TOO_LONG, f"this message is too long; at most {limits.TEXT_BYTES} bytes of UTF-8 fit"
        )
    return text


def _label(given: str, longest: int, what: str, code: Code) -> str:
    spaced = " ".join(unicodedata.normalize("NFKC", given).split())
    whole = {at for found in (_JOINED, _FLAG) for match in found.finditer(spaced) for at in range(*match.span())}
    label = " ".join("".join(c for at, c in enumerate(spaced) if at in whole or not _is_invisible(c)).split())
    if not any(map(_is_visible, label)):
        raise UnacceptableError(code, f"{what} needs at least one visible character")
    if len(label) > longest:
        raise UnacceptableError(code, f"{what} has at most {longest} characters, this one has {len(label)}")
    return label


def _is_visible(character: str) -> bool:
    """Whether it draws something by itself: no mark, no space, no control, and none of the letters that are blank."""
    return unicodedata.category(character)[0] not in "MZC" and character not in _BLANK_LETTERS


def _is_invisible(character: str) -> bool:
    """Controls (Cc), bidi and zero-width characters (Cf), halves of pairs (Cs), and letters that draw nothing."""
    return character in _BLANK_LETTERS or unicodedata.category(character) in ("Cc", "Cf", "Cs")
