"""Takes the pictures: `python -m album.camera FOLDER DATABASE [NAME ...]`.

The steps before a picture run as a tour, by Odoo's own engine. A picture is written
when they succeeded, nothing is wrong or loading on the page, and it has come to rest.
"""

import io
import json
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from pathlib import Path

from installer import errors, paths
from installer.browser import Browser
from installer.errors import SetupError
from installer.progress import Step
from installer.server import OdooServer
from PIL import Image

from .pictures import PICTURES, Picture

REST_SECONDS, PAUSE_SECONDS = 20, 0.5
STEP_MILLISECONDS = 20_000
COLORS = 256
REASON_LENGTH = 300

LOGIN = """
fetch("/web/session/authenticate", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({params: %s}),
}).then((answer) => answer.json()).then((answer) => {
    if (answer.error) throw new Error(answer.error.data.message);
})
"""
THERE = "location.pathname !== '/web/login' && !!window.odoo?.startTour"
TOUR = """
new Promise((resolve, reject) => {
    const {registry} = odoo.loader.modules.get("@web/core/registry");
    const tour = {steps: () => %s, timeout: %s};
    registry.category("web_tour.tours").add("picture", tour);
    console.log = (text) => /TOUR picture SUCCEEDED/.test(text) && resolve();
    console.error = (...words) => reject(new Error(words.join(" ")));
    odoo.startTour("picture");
})
"""
# What must not be seen on a picture: its text, if there is one.
WRONG = """
(() => {
    document.activeElement?.blur();
    const wrong = document.querySelector(
        ".o_error_dialog, .o_notification, .o_blockUI, .o_loading_indicator, .fa-spin"
    );
    const broken = [...document.images].find((image) => !image.naturalWidth);
    return wrong
        ? `On the page: ${wrong.innerText.trim() || wrong.className}`
        : broken && `A picture is not loaded: ${broken.src}`;
})()
"""


class Inside:
    """The environment that this process runs in already."""

    @staticmethod
    def popen(*arguments, **options) -> subprocess.Popen:
        argv = [sys.executable, *map(str, arguments)]
        return subprocess.Popen(argv, cwd=paths.LOCAL, **options)


class NotTaken(Exception):
    """The page is not what the list says."""


def main(arguments: list) -> int:
    folder, database, *names = arguments
    pictures = [p for p in PICTURES if not names or p.name in names]
    log = paths.LOGS / "pictures.log"
    log.unlink(missing_ok=True)
    server = OdooServer(Inside, database, log, max_cron_threads=0)
    failures = []
    try:
        server.wait_until_ready()
        with Step("Taking pictures") as step:
            for number, picture in enumerate(pictures, 1):
                step.at(number, len(pictures), picture.name)
                try:
                    _write(Path(folder) / picture.path, take(picture, server))
                except Exception as error:
                    reason = " ".join(str(error).split())
                    failures.append(f"{picture.path}: {reason[:REASON_LENGTH]}")
    finally:
        server.terminate()
    if failures:
        raise SetupError(
            f"{len(failures)} of {len(pictures)} pictures could not be taken.",
            "\n".join(failures),
            "Those stay as they were. Mend the page, or its steps in "
            f"setup/album/pictures.py. Odoo's log: {log}",
        )
    return 0


def take(picture: Picture, server: OdooServer) -> bytes:
    """The page, as PNG."""
    asked = _ask(picture, server) if picture.model else None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder, *picture.size)
        try:
            if picture.url:
                _log_in(browser, picture.login, server)
                url = server.url + picture.url.format(asked)
                browser.run(f"void location.assign({json.dumps(url)})")
                browser.wait_for(THERE, url)
                steps = json.dumps(picture.steps)
                browser.run(TOUR % (steps, STEP_MILLISECONDS))
            else:
                browser.open(
                    f"data:text/html;base64,{b64encode(asked.encode()).decode()}"
                )
            return _wait_until_still(browser)
        finally:
            browser.close()


def _ask(picture: Picture, server: OdooServer):
    """What the picture wants to know of its record: an id, or a text."""
    found = server.call(
        picture.model,
        "search_read",
        picture.domain,
        [picture.field],
        limit=1,
        login=picture.login,
    )
    if not found:
        raise NotTaken(f"There is no {picture.model} with {picture.domain}.")
    value = found[0][picture.field]
    return value[0] if isinstance(value, list) else value


def _log_in(browser: Browser, login: str, server: OdooServer) -> None:
    browser.open(f"{server.url}/web/login")
    password = login.partition("@")[0]
    parameters = {"db": server.database, "login": login, "password": password}
    browser.run(LOGIN % json.dumps(parameters))


def _wait_until_still(browser: Browser) -> bytes:
    """Twice the same in a row, with nothing wrong on it."""
    deadline, before, wrong = time.monotonic() + REST_SECONDS, None, None
    while time.monotonic() < deadline:
        wrong, now = browser.run(WRONG), browser.look()
        if now == before and not wrong:
            return now
        before = now
        time.sleep(PAUSE_SECONDS)
    raise NotTaken(wrong or "The page does not come to rest.")


def _write(path: Path, png: bytes) -> None:
    """With a palette: a third of the size, and nobody sees it."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    errors.run(main)
