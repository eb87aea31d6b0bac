"""Bodies in the encoding `aws-chunked`, in which SDKs send a stream together with its checksum (S3, SigV4)."""

from __future__ import annotations

from dataclasses import replace

from multidict import CIMultiDict

from pingbox.emulator.services.port import AwsRequest


class ChunkError(ValueError):
    """The body is not what its encoding promises."""


def decoded(request: AwsRequest) -> AwsRequest:
    """The request with its body as the client meant it; trailing headers (`x-amz-checksum-crc32`) join the others.

    A request in no such encoding is returned as it is. Raises `ChunkError`.
    """
    encodings = [one.strip() for one in request.headers.get("Content-Encoding", "").split(",")]
    if "aws-chunked" not in encodings:
        return request
    body, trailer = _read(request.body)
    headers = CIMultiDict(request.headers)
    del headers["Content-Encoding"]
    others = [one for one in encodings if one not in ("aws-chunked", "")]
    if others:
        headers["Content-Encoding"] = ", ".join(others)
    headers.update(trailer)
    return replace(request, body=body, headers=headers, length=len(body))


def _read(body: bytes) -> tuple[bytes, dict[str, str]]:
    """Chunks, each of a line (`size[;chunk-signature=...]`), as many bytes, and an empty line; then the trailer."""
    data, at = bytearray(), 0
    while True:
        end = body.find(b"\r\n", at)
        digits = body[at:end].partition(b";")[0]
        try:
            size = int(digits, 16)
        except ValueError:
            raise ChunkError(f"expected the size of a chunk in hexadecimal at byte {at}, not {digits[:20]!r}") from None
        start = end + 2
        if size == 0:
            return bytes(data), _trailer(body[start:])
        if size < 0 or body[start + size : start + size + 2] != b"\r\n":
            raise ChunkError(f"the chunk at byte {at} does not have the {size} bytes that it announces")
        data += body[start : start + size]
        at = start + size + 2


def _trailer(rest: bytes) -> dict[str, str]:
    lines = (line.partition(b":") for line in rest.split(b"\r\n") if line)
    return {name.strip().decode("latin-1"): value.strip().decode("latin-1") for name, _, value in lines}
