"""A page as a picture, drawn by headless Chromium where this machine has one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from automations.errors import OutsideFailed

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
"""Nothing is fetched: a page that names something elsewhere is drawn without it."""
DARK = "--blink-settings=preferredColorScheme=0"
SECONDS = 60
TALLEST = 8000
"""Pixels; a mail longer than this is cut off in the picture."""
MEASURE = (
    '<!doctype html><meta charset="utf-8"><title></title>'
    "<body onload=\"document.title='height '+document.querySelector('iframe').contentDocument.documentElement.scrollHeight\">"
    '<iframe style="border:0;width:{width}px;height:1px" srcdoc="{page}"></iframe>'
)
"""The page in a frame of the picture's width: Chromium without a screen opens no window narrower than 500 pixels."""


class NoPicture(OutsideFailed):
    """There is no browser to draw with, or it drew nothing."""


def draw(page: str, picture: Path, *, width: int, dark: bool = False, path: str | None = None) -> None:
    """Draw a page, `width` pixels wide and as tall as it is, into a PNG file.

    `path` are the folders looked through instead of PATH. Raises NoPicture saying what to install, or what the browser said.
    """
    browser = browser_on(path)
    with (
        in_words(picture),
        TemporaryDirectory(dir=picture.parent, prefix="preview-") as name,
    ):  # beside the picture: a Chromium from a snap sees no /tmp
        folder = Path(name)
        (folder / "page.html").write_text(page, encoding="utf-8")
        (folder / "frame.html").write_text(MEASURE.format(width=width, page=escape(page)), encoding="utf-8")
        asked = [browser, *options(folder, dark=dark, root=_is_root())]
        measured = re.search(r"<title>height (\d+)", _said([*asked, "--dump-dom", _address(folder / "frame.html")]))
        height = min(int(measured[1]), TALLEST) if measured else TALLEST // 4
        drawn = folder / "page.png"
        words = _said([*asked, f"--window-size={width},{height}", f"--screenshot={drawn}", _address(folder / "page.html")])
        if not drawn.is_file():
            raise NoPicture(f"{browser} drew nothing: {_last_line(words)}; write the page with --html and open it in a browser")
        drawn.replace(picture)


@contextmanager
def in_words(file: Path) -> Iterator[None]:
    """What keeps a file from being written, as OutsideFailed with what to do."""
    if not file.parent.is_dir():
        raise OutsideFailed(f"{file}: there is no folder {file.parent}; make it, or name another")
    try:
        yield
    except OSError as error:
        raise OutsideFailed(f"{file}: {error.strerror or error}; name a file that may be written, on a disk with room") from error


def browser_on(path: str | None = None) -> str:
    """The first of BROWSERS in the folders of `path` (default: PATH). Raises NoPicture when there is none."""
    found = next((each for each in (shutil.which(name, path=path) for name in BROWSERS) if each), None)
    if found is None:
        raise NoPicture(
            f"a picture needs Chromium, and none of {', '.join(BROWSERS)} is on PATH; install it (Debian, Ubuntu: apt install chromium), "
            "or write the page with --html and open it in any browser"
        )
    return found


def options(folder: Path, *, dark: bool, root: bool) -> Sequence[str]:
    """What the browser is started with; its profile stays in `folder`, and its sandbox is left out only for root, who has none."""
    return [*QUIET, f"--user-data-dir={folder / 'profile'}", *(["--no-sandbox"] if root else []), *([DARK] if dark else [])]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _address(page: Path) -> str:
    return page.resolve().as_uri()


def _said(arguments: Sequence[str]) -> str:
    try:
        done = subprocess.run(arguments, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 (no shell, and our own arguments)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoPicture(f"{arguments[0]} does not work here: {error}; write the page with --html and open it in a browser") from error
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def _last_line(words: str) -> str:
    return next((line.strip() for line in reversed(words.splitlines()) if line.strip()), "no word why")
