"""The browser page: plain HTML, CSS and JavaScript modules, no build step.

`files()` lists them for the deploy; `site()` of `pingbox.web.site` serves them on the laptop.
"""

from __future__ import annotations

from pingbox.web.contents import PageFile, files

__all__ = ["PageFile", "files"]
