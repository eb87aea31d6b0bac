"""The one error of reading an app: where, what was received, what was expected, what to do next."""

from __future__ import annotations

from pingbox.model.findings import SourcePosition


class TemplateError(Exception):
    """What an app declares cannot be served. Every field is for the user; none holds a secret of the app.

    `logical_id` is the resource (or function, or variable) it is about, None for the file as a whole;
    `received` the value as the file has it, `expected` what would have been right, `next_step` what to do now.
    `only_here`: AWS takes it; what runs on this machine cannot.
    """

    def __init__(
        self,
        message: str,
        *,
        place: SourcePosition | None = None,
        logical_id: str | None = None,
        received: object = None,
        expected: str | None = None,
        next_step: str | None = None,
        only_here: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.logical_id = logical_id
        self.received = received
        self.expected = expected
        self.next_step = next_step
        self.only_here = only_here

    def __str__(self) -> str:
        head = ": ".join(str(part) for part in (self.place, self.logical_id, self.message) if part is not None)
        lines = [
            None if self.received is None else f"  received: {_short(self.received)}",
            None if self.expected is None else f"  expected: {self.expected}",
            None if self.next_step is None else f"  next step: {self.next_step}",
        ]
        return "\n".join([head, *(line for line in lines if line is not None)])


def _short(value: object, limit: int = 200) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
