"""For every test of the house."""

from __future__ import annotations

from hypothesis import settings

# A deadline is a timed assertion, and this machine may be busy: speed is measured in benchmarks/.
settings.register_profile("house", parent=settings(), deadline=None)
settings.load_profile("house")
