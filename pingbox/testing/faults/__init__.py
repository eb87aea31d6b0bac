"""What can be made to go wrong, and the one who orders it."""

from pingbox.testing.faults.faults import Faults
from pingbox.testing.faults.kinds import (
    ColdStart,
    DisconnectLost,
    DynamoDBThrottled,
    Fault,
    FunctionKilled,
    InvocationDuplicated,
    PostDelayed,
    PostDropped,
    PostRefused,
    PostsReordered,
    ReadsStale,
)
from pingbox.testing.faults.schedule import Schedule

__all__ = [
    "ColdStart",
    "DisconnectLost",
    "DynamoDBThrottled",
    "Fault",
    "Faults",
    "FunctionKilled",
    "InvocationDuplicated",
    "PostDelayed",
    "PostDropped",
    "PostRefused",
    "PostsReordered",
    "ReadsStale",
    "Schedule",
]
