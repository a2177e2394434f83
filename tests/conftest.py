"""Shared fixtures: the article where it is at hand, the browser where it is installed."""

import os
import shutil
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
CI = bool(os.environ.get("CI"))
LONGEST = 300  # seconds that one test may take


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Give each test of `make test` a time to end in: what hangs fails, and the rest goes on."""
    for item in items:
        if not any(item.iter_markers("slow")) and not any(item.iter_markers("benchmark")):
            item.add_marker(pytest.mark.timeout(LONGEST))


def some_now(names, now):
    """Return all names as parameters: those of `now` for each run, the rest for make test-all."""
    return [name if name in now else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.fixture(scope="session")
def top():
    return TOP


@pytest.fixture(scope="session")
def article_path():
    """Return a copy of the article; it is under copyright, so only some machines have one."""
    named = os.environ.get("KEJIGAI_ARTICLE")
    found = [Path(named)] if named else sorted((TOP.parent / "shared" / "article").glob("*.txt"))
    if not found:
        pytest.skip("no copy of the article here: set KEJIGAI_ARTICLE to a text file to run this check")
    return found[0]


@pytest.fixture(scope="session")
def chromium():
    """Path of a Chromium; on CI it must be there."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    message = "no Chromium: install it (Debian: apt install chromium fonts-noto-cjk) to run the browser checks"
    if CI:
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(autouse=True)
def english():
    import kejigai_data as kj

    kj.use("en")
    yield
    kj.use("en")
