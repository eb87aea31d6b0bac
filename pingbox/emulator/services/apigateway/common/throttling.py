"""Token buckets for stages, routes and new connections (QT-33, RT-24, CN-9): time is handed in."""

from __future__ import annotations

from dataclasses import dataclass, field

from pingbox.model.api import Stage, Throttle


@dataclass(frozen=True)
class Bucket:
    """How many requests may come at once at the time `at` (seconds)."""

    tokens: float
    at: float


def take(bucket: Bucket | None, throttle: Throttle, now: float) -> tuple[Bucket | None, bool]:
    """The bucket after one request, and whether the request is admitted. None is a bucket never used, or no limit.

    A throttle with a rate and no burst admits one second's worth at once; with a burst and no rate nothing refills.
    """
    if throttle.rate is None and throttle.burst is None:
        return None, True
    rate = throttle.rate or 0.0
    size = float(throttle.burst) if throttle.burst is not None else max(rate, 1.0)
    before = Bucket(size, now) if bucket is None else bucket
    tokens = min(size, before.tokens + max(0.0, now - before.at) * rate)
    return (Bucket(tokens - 1, now), True) if tokens >= 1 else (Bucket(tokens, now), False)


@dataclass
class Buckets:
    """The buckets in use, by stage and route. Not thread-safe: one owner asks."""

    _buckets: dict[tuple[str, str, str], Bucket | None] = field(default_factory=dict)

    def admit(self, api_id: str, stage: Stage, route_key: str, now: float) -> bool:
        """Whether one more request of this route fits now. A route's own throttle takes the place of the stage's."""
        own = stage.route_throttles.get(route_key)
        key = (api_id, stage.name, route_key if own is not None else "")
        return self.admit_by(key, own if own is not None else stage.throttle, now)

    def admit_by(self, key: tuple[str, str, str], throttle: Throttle, now: float) -> bool:
        """The same for any key and throttle."""
        if throttle.rate is None and throttle.burst is None:
            return True
        self._buckets[key], admitted = take(self._buckets.get(key), throttle, now)
        return admitted
