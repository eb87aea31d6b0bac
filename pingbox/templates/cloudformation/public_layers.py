"""Layers that everybody may use and whose content is on PyPI: what to install in their place.

Known by the layer's name in its ARN, whatever account it is copied to, or by the parameter in which AWS publishes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_POWERTOOLS = "aws-lambda-powertools[all]"
_PUBLISHED = "/aws/service/powertools/python/"


def _powertools(found: re.Match[str]) -> str:
    major = int(found["major"] or 1)  # the layer of the first version has no number in its name
    return f"{_POWERTOOLS if major > 1 else 'aws-lambda-powertools[pydantic]'}>={major},<{major + 1}"


_KNOWN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"AWSLambdaPowertoolsPython(?:V(?P<major>\d+))?(?:-.+)?"), _powertools),
    (re.compile(r"(?:AWSSDKPandas|AWSDataWrangler)-Python.*"), lambda _: "awswrangler"),
    (re.compile(r"Klayers-p(?:ython)?\d+-(?:arm64-)?(?P<package>.+)"), lambda found: found["package"]),
)


def requirement_of(layer: str) -> str | None:
    """The line for a requirements.txt that brings what this layer brings; None for a layer nobody here knows."""
    if _PUBLISHED in layer:
        return _POWERTOOLS
    name = layer.partition(":layer:")[2].partition(":")[0]
    for pattern, requirement in _KNOWN:
        if found := pattern.fullmatch(name):
            return requirement(found)
    return None
