"""A headless Chromium, driven by WebDriver's plain HTTP: the standard library only."""
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that the standard gives references to elements
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
           "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
           "--hide-scrollbars")

ANSWERS_WITHIN = 300  # seconds: a page on paper takes some, and beside a build a minute


def found():
    """The browser and its driver, or None."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Failed(Exception):
    """What the driver answers when it could not do what was asked."""


class Browser:
    """With Browser() as browser: everything is gone afterwards."""

    def __init__(self, size=(1280, 900)):
        self.size = size

    def __enter__(self):
        browser, driver = found()
        self._profile = tempfile.TemporaryDirectory(prefix="tandem-browser-")
        self._process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL, text=True)
        try:
            self._address = f"http://127.0.0.1:{self._port()}"
            options = [*OPTIONS, f"--user-data-dir={self._profile.name}", "--window-size=%d,%d" % self.size]
            answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {"binary": browser, "args": options}}}})
            self._address += "/session/" + answer["sessionId"]
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        try:
            self._ask("DELETE", "")
        finally:
            self._end()

    def _end(self):
        self._process.terminate()
        self._process.communicate()
        self._profile.cleanup()

    def _port(self):
        """The driver says which it was given."""
        for line in self._process.stdout:
            match = re.search(r"success.* on port (\d+)", line)
            if match:
                return int(match.group(1))
        raise Failed("the driver ended at once")

    def _ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._address + path, data, {"Content-Type": "application/json"},
                                         method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=ANSWERS_WITHIN) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Failed(json.load(error)["value"]["message"]) from None

    def open(self, file):
        self._ask("POST", "/url", {"url": file.resolve().as_uri()})

    def run(self, script, *arguments):
        """What the script returns; it is the body of a function."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        answer = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        return answer[ELEMENT]

    def click(self, selector):
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center', behavior: 'instant'})", selector)
        self._ask("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        self._ask("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def press(self, keys):
        """To whatever has the focus."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def until(self, script, *arguments, seconds=10):
        """Waits until the script returns something true."""
        end = time.monotonic() + seconds
        while True:
            answer = self.run(script, *arguments)
            if answer or time.monotonic() > end:
                return answer
            time.sleep(0.02)

    def messages(self):
        """What the console has said since the last call."""
        return self._ask("POST", "/se/log", {"type": "browser"})

    def command(self, name, **parameters):
        """One of the browser's own, beyond the standard."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})
