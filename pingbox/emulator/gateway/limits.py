"""The quotas of section 7 of the fact sheet. KB is 1024 bytes."""

from __future__ import annotations

FRAME_BYTES = 32 * 1024  # QT-4
MESSAGE_BYTES = 128 * 1024  # QT-5, MG-16
DURATION_SECONDS = 2 * 60 * 60.0  # QT-6
IDLE_SECONDS = 10 * 60.0  # QT-7
URL_CHARACTERS = 4096  # QT-12
AUTHORIZER_RESULT_BYTES = 8 * 1024  # QT-11
