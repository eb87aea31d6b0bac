"""Plain `make test` runs `unit` only; `make test-deploy` sets PINGBOX_TEST_DEPLOY and brings the tools for the rest."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("PINGBOX_TEST_DEPLOY") else ["engine", "static"]
