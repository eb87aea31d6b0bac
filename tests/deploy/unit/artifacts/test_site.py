"""The page's way into its bucket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pingbox.deploy.artifacts.site import FOREVER, Invalidate, PutFile, RemoveFile, SiteFile, site_steps

FILES = st.lists(
    st.builds(
        SiteFile,
        st.sampled_from(["index.html", "config.json", "a.js", "b.css", "z/last.js"]),
        st.binary(max_size=3),
        st.sampled_from(["text/html", "text/javascript"]),
        st.sampled_from(["no-cache", "no-store", FOREVER]),
    ),
    unique_by=lambda file: file.path,
)


def file(path: str, body: bytes = b"x", cache: str = "no-cache") -> SiteFile:
    return SiteFile(path, body, "text/plain", cache)


def paths(steps: list) -> list[str]:
    return [
        step.file.path if isinstance(step, PutFile) else step.path for step in steps if not isinstance(step, Invalidate)
    ]


def test_the_order_lets_nobody_load_half_a_page() -> None:
    """What index.html refers to, the configuration, index.html, and only then are old files removed."""
    desired = [file("index.html"), file("config.json"), file("js/app.js"), file("a.css")]
    steps = site_steps(desired, {"old.js": "", "a-old.js": ""}, "bucket")
    assert paths(steps) == ["a.css", "js/app.js", "config.json", "index.html", "a-old.js", "old.js"]


def test_only_what_differs_travels() -> None:
    same, other = file("same.js"), file("other.js")
    assert paths(site_steps([same, other], {"same.js": same.digest, "other.js": "?"}, "bucket")) == ["other.js"]


def test_a_changed_header_is_a_changed_file() -> None:
    """The bytes alone do not tell."""
    assert file("a.js", cache="no-cache").digest != file("a.js", cache="no-store").digest


def test_one_invalidation_names_what_a_cache_may_still_hold() -> None:
    """Not what is cached for ever: its name changes with its content."""
    desired = [file("index.html"), file("config.json", cache="no-store"), file("app-1a2b.js", cache=FOREVER)]
    [invalidation] = [s for s in site_steps(desired, {"old.js": ""}, "b", "D1") if isinstance(s, Invalidate)]
    assert invalidation == Invalidate("D1", ("/config.json", "/index.html", "/old.js"))


def test_without_changes_nothing_is_invalidated() -> None:
    index = file("index.html")
    assert site_steps([index], {"index.html": index.digest}, "bucket", "D1") == []


@given(FILES, FILES)
def test_after_the_steps_the_bucket_is_what_was_wished(desired: list[SiteFile], before: list[SiteFile]) -> None:
    """From any state to any other, and a second time there is nothing to do."""
    there = {one.path: one.digest for one in before}
    for step in site_steps(desired, there, "bucket"):
        if isinstance(step, PutFile):
            there[step.file.path] = step.file.digest
        elif isinstance(step, RemoveFile):
            del there[step.path]
    assert there == {one.path: one.digest for one in desired}
    assert site_steps(desired, there, "bucket") == []
