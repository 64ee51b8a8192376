"""A real browser for pages of real servers: headless Chromium. Runs inside the
environment."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time

import requests
import websocket

from .server import free_port
from .system_programs import BROWSERS

START_SECONDS = 30
PAGE_SECONDS = 60


class Browser:
    """One tab. `width` and `height` are of the screen, in pixels."""

    def __init__(self, folder, width=1400, height=900):
        port = free_port()
        self._process = subprocess.Popen(
            [
                next(filter(None, map(shutil.which, BROWSERS))),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-allow-origins=*",
                f"--remote-debugging-port={port}",
                f"--user-data-dir={folder}",
                f"--window-size={width},{height}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._numbers = itertools.count(1)
        self._socket = websocket.create_connection(
            self._find_tab(port), timeout=PAGE_SECONDS
        )
        self._ask("Page.enable")
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def _find_tab(self, port: int) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.ConnectionError):
                tabs = requests.get(f"http://127.0.0.1:{port}/json", timeout=5).json()
                for tab in tabs:
                    if tab["type"] == "page":
                        return tab["webSocketDebuggerUrl"]
            time.sleep(0.1)
        raise RuntimeError("The browser did not start.")

    def _ask(self, method: str, **parameters) -> dict:
        number = next(self._numbers)
        request = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(request))
        while (answer := json.loads(self._socket.recv())).get("id") != number:
            pass
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]

    def open(self, url: str) -> None:
        """Open a page and wait until it is complete."""
        self._ask("Page.navigate", url=url)
        deadline = time.monotonic() + PAGE_SECONDS
        while time.monotonic() < deadline:
            if self.run("document.readyState === 'complete' && location.href") == url:
                return
            time.sleep(0.1)
        raise RuntimeError(f"{url} is not complete.")

    def run(self, script: str):
        """The value of an expression in the page; promises are waited for.

        :raise RuntimeError: what the script threw
        """
        result = self._ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def prefer(self, scheme: str) -> None:
        """Let pages believe that the device is set to `dark` or `light`."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._ask("Emulation.setEmulatedMedia", features=[feature])

    def press(self, key: str, shift: bool = False) -> None:
        """Press a key as `KeyboardEvent.key` names it: `Tab`, `Enter`, or a space."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        event = {
            "key": key,
            "windowsVirtualKeyCode": codes[key],
            "modifiers": 8 * shift,
        }
        text = {"Enter": "\r", " ": " "}.get(key)
        self._ask(
            "Input.dispatchKeyEvent",
            type="keyDown",
            **event,
            **({"text": text} if text else {}),
        )
        self._ask("Input.dispatchKeyEvent", type="keyUp", **event)

    def picture(self, path, whole: bool = True) -> None:
        """Save the page as PNG."""
        path.write_bytes(self.look(whole))

    def look(self, whole: bool = False) -> bytes:
        """What is seen of the page, or the whole of it, as PNG."""
        taken = self._ask(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole
        )
        return base64.b64decode(taken["data"])

    def wait_for(self, script: str, what: str) -> None:
        """Wait until an expression is true, also in a page that comes meanwhile."""
        deadline = time.monotonic() + PAGE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):  # The page is just left.
                if self.run(script):
                    return
            time.sleep(0.1)
        raise AssertionError(
            f"Not there: {what}\n{self.run('document.body.innerText')}"
        )

    def close(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()
