"""Does the page work in a browser: under the mouse and the keyboard, in the dark, on paper, on a narrow screen?"""
import base64
import sys
import tempfile
import unittest
from pathlib import Path

import pages  # which has put the report on the path

import browser  # noqa: E402
from page import chart_library  # noqa: E402

FAILED = ("subprocess.run.small", "libuv")
BROKEN = "queue.get.timeout-empty"
TABLE = "[data-section='Queue(maxsize=1024)'] table.speed"
# The page's text as it is painted, with what it is painted on: [[ratio, enough, text]] of what is too faint.
FAINT = """
const colour = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
const over = (top, below) => top.rgb.map((one, place) => one * top.a + below[place] * (1 - top.a));
const ground = (node) => {
  if (!node) return [255, 255, 255];
  const own = colour(getComputedStyle(node).backgroundColor);
  return own.a === 1 ? own.rgb : over(own, ground(node.parentElement));
};
const light = (rgb) => rgb.map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
  .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
const found = new Map();
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const node = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !node.checkVisibility({ visibilityProperty: true }) || node.closest("script, noscript, canvas, option")) continue;
  const style = getComputedStyle(node);
  const key = style.color + ground(node) + style.fontSize;
  if (found.has(key)) continue;
  const [bright, dim] = [light(over(colour(style.color), ground(node))), light(ground(node))].sort((a, b) => b - a);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  found.set(key, [(bright + 0.05) / (dim + 0.05), large ? 3 : 4.5, texts.currentNode.data.trim()]);
}
return [found.size, [...found.values()].filter(([ratio, enough]) => ratio < enough)];
"""
# What sticks out on the right, and tables whose cells one has to scroll for.
STICKING_OUT = """
const wide = [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 &&
  one.checkVisibility() && !one.closest(".scroll, pre, code, canvas")).map((one) => one.outerHTML.slice(0, 100));
const scrolled = [...document.querySelectorAll(".scroll:has(> table.stack)")].filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.outerHTML.slice(0, 100));
return [document.documentElement.scrollWidth - innerWidth, ...wide, ...scrolled];
"""


class ThePage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.file = Path(folder.name, "page.html")
        found = pages.with_failure(pages.with_parts(pages.result()), *FAILED)
        cls.file.write_text(pages.html(pages.with_places(pages.evidence({BROKEN})), found))
        cls.browser = cls.enterClassContext(browser.Browser())
        cls.browser.command("Browser.grantPermissions",
                            permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])

    def setUp(self):
        self.look()
        self.browser.open(self.file)

    def tearDown(self):
        self.assertEqual(self.browser.messages(), [])

    def look(self, width=1280, height=900, media="", dark=False):
        self.browser.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.browser.command("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def run_in(self, script, *arguments):
        return self.browser.run(script, *arguments)

    def text(self, selector):
        return self.run_in("return document.querySelector(arguments[0]).innerText", selector)

    def attribute(self, selector, name):
        return self.run_in("return document.querySelector(arguments[0]).getAttribute(arguments[1])", selector, name)

    def shown(self, selector):
        return self.run_in("return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility()).length",
                           selector)

    def focused(self):
        return self.run_in("const { id, textContent, className } = document.activeElement; return [id, textContent, className]")

    def choose(self, selector, value):
        self.run_in("const one = document.querySelector(arguments[0]); one.value = arguments[1];"
                    "one.dispatchEvent(new Event('change', { bubbles: true }))", selector, value)

    def open_everything(self):
        """Of the conformance half, but of the clauses only those of one primitive, and of these one."""
        self.run_in("location.hash = arguments[0]", BROKEN)
        self.run_in("for (const one of document.querySelectorAll('#conformance details:not([data-primitive], .clause)')) one.open = true")
        self.assertTrue(self.browser.until("return document.querySelector('.beneath') && document.querySelector('.answered')"))

    # Speed

    def leads(self):
        """Of the table's rows, as they stand: how far ahead of the best peer."""
        return [float(text.split(" ×")[0].replace(",", "")) for text in self.run_in(
            "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)",
            f"{TABLE} tbody tr:first-child [data-label='to the best peer']")]

    def test_tables_are_sorted_by_their_heads(self):
        button, before = f"{TABLE} [data-sort=lead] button", self.leads()
        self.browser.click(button)
        self.assertEqual(self.leads(), sorted(before))
        self.assertEqual(self.attribute(f"{TABLE} [data-sort=lead]", "aria-sort"), "ascending")
        self.browser.press("\ue007")  # Enter: the button has the focus
        self.assertEqual(self.leads(), sorted(before, reverse=True))
        self.assertEqual(self.attribute(f"{TABLE} [data-sort=lead]", "aria-sort"), "descending")
        self.assertIsNone(self.attribute(f"{TABLE} [data-sort=row]", "aria-sort"))
        self.browser.click(f"{TABLE} [data-sort=row] button")
        self.assertEqual(self.leads(), before)

    def test_rows_are_found_by_words_and_by_verdict(self):
        every = self.run_in("return document.querySelectorAll('[data-row]').length")
        self.browser.type("#find-row", "PriorityQueue producer")
        self.assertEqual(self.shown("[data-row]"), 2)
        self.assertEqual(self.text("#found-rows"), f"2 of {every} rows")
        self.assertEqual(self.shown("[data-section]"), 1)
        self.browser.click("#why-subprocess\\.run\\.small a")  # leads to a row that is not shown
        self.assertTrue(self.browser.until("return document.querySelectorAll('[data-row][hidden]').length === 0"))
        self.choose("#standing", "red")
        self.assertEqual(self.shown("[data-row]"), self.run_in("return document.querySelectorAll('table.whys tbody tr').length"))
        self.choose("#standing", "failed")
        self.assertEqual(self.shown("[data-row]"), 1)
        self.assertIn("failed libuv: crashed with SIGSEGV", self.text("[data-row]:not([hidden]) [data-label='to the best peer']"))

    def test_a_legend_shows_and_hides_its_contenders(self):
        drawn = """return [...document.querySelectorAll("[data-group='Locks'] canvas")].map(
            (one) => Chart.getChart(one).data.datasets.map(({ label }) => label))"""
        button = "[data-legend=Locks] button:nth-child(2)"
        name, before = self.text(button), self.run_in(drawn)
        self.assertIn(name, before[0])
        self.browser.click(button)
        self.assertEqual(self.attribute(button, "aria-pressed"), "false")
        self.assertEqual(self.run_in(drawn), [[one for one in labels if one != name] for labels in before])
        self.browser.press(" ")
        self.assertEqual(self.attribute(button, "aria-pressed"), "true")
        self.assertEqual(self.run_in(drawn), before)

    def test_the_lead_is_against_peers_or_cpython(self):
        drawn = "return Chart.getChart('lead-chart').data.datasets[0].data"
        before = self.run_in(drawn)
        self.browser.click("[data-against=cpython]")
        self.assertEqual([self.attribute(f"[data-against={one}]", "aria-pressed") for one in ("peer", "cpython")],
                         ["false", "true"])
        self.assertNotEqual(self.run_in(drawn), before)

    def test_every_chart_is_drawn_and_described(self):
        self.assertEqual(self.run_in(
            "return [...document.querySelectorAll('canvas')].filter((one) => !Chart.getChart(one) || "
            "!one.getAttribute('aria-label')).map(({ id }) => id)"), [])

    def test_a_command_is_copied(self):
        self.browser.click("[data-row='queue.alone'] .copy")
        self.assertTrue(self.browser.until("return document.querySelector(\"[data-row='queue.alone'] .copy\").textContent === 'copied'"))
        self.assertEqual(self.run_in("return navigator.clipboard.readText()"), "scripts/bench --quick --filter '^queue.alone$'")

    def test_all_contenders_are_written_when_asked_for(self):
        place = "[data-contenders='queue.alone']"
        self.assertEqual(self.shown(f"{place} tbody tr"), 0)
        self.browser.click(f"{place} summary")
        self.assertTrue(self.browser.until(f"return document.querySelectorAll(\"{place} tbody tr\").length > 3"))
        self.assertIn("--row queue.alone --impl tandem", self.text(f"{place} tr.ours code"))

    def test_the_arrow_keys_move_the_contenders_of_a_row_on_a_narrow_screen(self):
        self.look(width=400)
        place, scroller = "[data-contenders='queue.alone']", "[data-contenders='queue.alone'] .scroll"
        self.browser.click(f"{place} summary")
        self.assertTrue(self.browser.until("return document.querySelector(arguments[0])", scroller))
        self.assertEqual(self.run_in(STICKING_OUT), [0])
        self.run_in("document.querySelector(arguments[0]).focus()", scroller)
        self.assertEqual(self.run_in("return [document.activeElement.ariaLabel, document.activeElement.scrollLeft]"),
                         ["Contenders of queue.alone", 0])
        self.browser.press("\ue014")
        self.assertTrue(self.browser.until("return document.activeElement.scrollLeft > 0"))

    def test_what_an_item_costs_is_written_too(self):
        place = "[data-contenders='placement.queue.pingpong.smt']"
        self.run_in("location.hash = 'row-placement.queue.pingpong.smt'")
        self.assertTrue(self.browser.until("return document.querySelector(arguments[0]).checkVisibility()", place))
        self.browser.click(f"{place} summary")
        self.assertTrue(self.browser.until("return document.querySelector(arguments[0])", f"{place} tr.ours"))
        self.assertEqual(self.run_in("return [...document.querySelectorAll(arguments[0])].slice(-5, -1).map((one) => one.innerText)",
                                     f"{place} tr.ours td"), ["100 ns", "7 + 0", "1.5", "3 MiB"])

    def test_a_cell_of_a_grid_leads_to_its_row(self):
        self.assertEqual(self.shown("#parts [data-row]"), 0)
        self.browser.click(".heat tbody tr:last-child td:nth-child(2) a")
        self.assertTrue(self.browser.until("return document.getElementById(location.hash.slice(1)).checkVisibility()"))
        most = self.text(".heat tbody tr:last-child th")  # producers: the grid goes with the machine
        self.assertEqual(self.run_in("return location.hash"), f"#row-queue.bounded.int.{most}p1c")

    # Conformance

    def test_clauses_are_found_by_words_and_by_status(self):
        self.browser.type("#find", "empty queue.get")
        self.assertEqual(self.shown(".clause"), int(self.text("#found").split()[0]))
        self.assertIn(BROKEN, self.text("#clauses"))
        self.run_in("document.getElementById('find').value = ''")
        self.choose("#status", "FAIL")
        self.assertEqual(self.shown(".clause"), 1)

    def test_what_is_broken_stands_there_at_once(self):
        self.assertEqual(self.shown(f"[id='{BROKEN}']"), 1)
        self.assertEqual(self.shown(".square.bad"), 1)

    def test_a_square_leads_to_its_case_by_keyboard(self):
        self.run_in("document.querySelector('.squares a').focus()")
        first, _, _ = self.run_in("return [...document.querySelectorAll('.squares')[0].children].slice(0, 3).map((one) => one.hash.slice(1))")
        self.browser.press("\ue014\ue014\ue012\ue012\ue007")  # two to the right and back, Enter
        self.assertTrue(self.browser.until("return document.getElementById(arguments[0])?.open", first))
        self.assertIn("--case=" + first, self.text(f"[id='{first}'] .command"))
        self.assertEqual(self.run_in("return document.activeElement.parentElement.id"), first)

    def test_a_clause_has_its_layers_and_the_commands(self):
        self.run_in("location.hash = arguments[0]", BROKEN)
        layers = f"[id='{BROKEN}'] .beneath"
        self.assertTrue(self.browser.until("return document.querySelector(arguments[0])?.checkVisibility()", layers))
        named = self.run_in("return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)", f"{layers} th")
        self.assertEqual([one for one in ("golden", "differential", "linearizability", "schedules", "stress", "target", "implementations",
                                          "faults") if one not in named], [])
        self.assertIn("CPython 3.8 to 3.13", self.text(f"{layers} tr"))
        self.assertIn(f"--case {BROKEN}", self.text(f"{layers} tr .command code"))
        self.assertIn("-gnu12-emulated: it logged what the golden has", self.text(layers))
        self.browser.click(f"{layers} tr .copy")
        self.assertTrue(self.browser.until("return document.querySelector(arguments[0]).textContent === 'copied'", f"{layers} tr .copy"))

    def test_a_test_of_cpython_leads_to_the_clauses_that_answer_it(self):
        place = "[data-census=queue]"
        self.browser.click(f"{place} summary")
        self.assertTrue(self.browser.until("return document.querySelectorAll(arguments[0]).length > 20", f"{place} tr"))
        answer = f"{place} tr a"
        clause = self.text(answer)
        self.browser.click(answer)
        self.assertTrue(self.browser.until("return document.getElementById(arguments[0])?.open", clause))

    # Whoever reads it

    def test_a_link_jumps_to_below_the_bar(self):
        top, bar = self.run_in("""
            const edge = (selector, side) => document.querySelector(selector).getBoundingClientRect()[side];
            location.hash = "conformance";
            return new Promise((done) => addEventListener("scroll", () => done([edge("#conformance", "top"), edge("header", "bottom")]),
              { once: true }))""")
        self.assertGreaterEqual(top, bar)
        self.assertLess(top, bar + 50)

    def test_the_keyboard_comes_everywhere(self):
        self.browser.press("\ue004")
        self.assertEqual(self.focused()[1], "To the verdict")
        for _ in range(self.shown("nav a") + 1):
            self.browser.press("\ue004")
        self.assertEqual(self.focused()[0], "theme")
        self.browser.press("\ue007")
        self.assertEqual((self.attribute("html", "data-theme"), self.text("#theme")), ("dark", "Light"))
        self.assertEqual(self.run_in(
            "return [...document.querySelectorAll('main :is(a, button, summary, input, select)')].filter((one) => "
            "one.tabIndex < 0 && !one.matches('.square')).length"), 0)
        self.assertEqual(self.run_in(
            "return [...document.querySelectorAll('button, input, select, a, summary')].filter((one) => "
            "!(one.innerText || one.ariaLabel || one.labels?.length || one.textContent)).map((one) => one.outerHTML)"), [])

    def test_everything_can_be_read_in_light_and_dark(self):
        for dark in (False, True):
            with self.subTest(dark=dark):
                self.look(dark=dark)
                self.assertTrue(self.browser.until("return document.documentElement.dataset.theme === arguments[0]",
                                                   "dark" if dark else "light"))
                self.browser.click("[data-contenders='queue.alone'] summary" if not dark else "h1")
                self.open_everything()
                count, faint = self.run_in(FAINT)
                self.assertGreater(count, 10)
                self.assertEqual(faint, [])

    def test_a_narrow_screen_is_enough(self):
        self.look(width=400)
        self.browser.open(self.file)
        self.open_everything()
        self.assertEqual(self.run_in(STICKING_OUT), [0])

    def test_paper_is_white_and_wide_enough(self):
        self.look(dark=True)
        self.assertTrue(self.browser.until("return document.documentElement.dataset.theme === 'dark'"))
        self.run_in("dispatchEvent(new Event('beforeprint'))")
        self.look(width=718, media="print", dark=True)  # A4 within its margins
        self.assertEqual(self.attribute("html", "data-theme"), "light")
        self.open_everything()
        self.assertEqual(self.run_in(STICKING_OUT), [0])
        self.assertEqual([self.shown("header"), self.shown(".copy"), self.shown("#find")], [0, 0, 0])
        self.assertGreater(self.shown("[data-legend] button"), 0)  # or else nobody knows the colours
        self.run_in("dispatchEvent(new Event('afterprint'))")
        self.assertEqual(self.attribute("html", "data-theme"), "dark")
        paper = base64.b64decode(self.browser.command("Page.printToPDF")["data"])
        self.assertEqual(paper[:5], b"%PDF-")

    def test_without_scripts_the_tables_stand_there(self):
        self.browser.command("Emulation.setScriptExecutionDisabled", value=True)
        try:
            self.browser.open(self.file)
        finally:
            self.browser.command("Emulation.setScriptExecutionDisabled", value=False)
        self.assertGreater(self.shown("[data-row]"), 50)
        self.assertEqual([self.shown(one) for one in ("noscript p", ".copy", ".sort", "#find", "canvas")], [1, 0, 0, 0, 0])

    def test_nothing_is_loaded(self):
        self.assertEqual(self.run_in("return performance.getEntriesByType('resource').map(({ name }) => name)"), [])


if __name__ == "__main__":
    missing = [name for name, there in (("chromium and chromedriver", browser.found()), ("Chart.js", chart_library())) if not there]
    if missing:
        print(f"SKIP(no {', no '.join(missing)}; scripts/test --browser installs them): the page in a browser")
        sys.exit()
    unittest.main()
