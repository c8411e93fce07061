"""A picture of the page's first screen: of a page, or of what one result says by itself."""
import argparse
import base64
import json
import sys
import tempfile
from pathlib import Path

import browser
from conformance import Evidence
from page import Page

WIDTH = 1160
# Without what is there to be clicked, and without the counts of what stands further down.
BARE = "for (const one of document.querySelectorAll('header, .tiles')) one.remove();"
BOTTOM = "return document.getElementById('verdict').getBoundingClientRect().bottom"


def take(page, target):
    with browser.Browser() as driven:
        driven.command("Emulation.setDeviceMetricsOverride", width=WIDTH, height=1000, deviceScaleFactor=1, mobile=False)
        driven.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
        driven.open(page)
        driven.run(BARE)
        clip = {"x": 0, "y": 20, "width": WIDTH, "height": round(driven.run(BOTTOM)) + 10, "scale": 1}
        taken = driven.command("Page.captureScreenshot", format="png", clip=clip)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(base64.b64decode(taken["data"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    of = parser.add_mutually_exclusive_group(required=True)
    of.add_argument("--page", type=Path, help="one that was made already")
    of.add_argument("--bench", type=Path, help="results.json of scripts/bench")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    if not browser.found():
        sys.exit("no chromium with its chromedriver here, so no picture (Debian: chromium, chromium-driver)")
    with tempfile.TemporaryDirectory() as folder:
        page = options.page or Path(folder, "page.html")
        if options.bench:
            page.write_text(Page(Evidence(folder, None), json.loads(options.bench.read_text(encoding="utf-8")), []).html(), encoding="utf-8")
        take(page, options.output)


if __name__ == "__main__":
    main()
