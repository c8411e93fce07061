"""Does the page hold what was measured, whole and without a network?"""
import contextlib
import io
import json
import re
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import pages  # which has put the report on the path
from support import BENCH, CONTENDERS, a_row, both, contender, floor, synthetic

import choice  # noqa: E402
import compare  # noqa: E402
import conformance  # noqa: E402
import history  # noqa: E402
import layers  # noqa: E402
import parts  # noqa: E402
import places  # noqa: E402
import show  # noqa: E402
from conformance import Evidence  # noqa: E402
from judge import judge  # noqa: E402
from markup import render  # noqa: E402
from measure import Sample  # noqa: E402
from page import Page  # noqa: E402
from rows import chosen, load  # noqa: E402

VOID = {"meta", "link", "br", "input"}
MACHINE = {"cpu": "a <fast> one", "topology": {"cores": 2, "processors": 2}, "kernel": "Linux"}
SPEC = """
[[clause]]
id = "test.flow.order"
level = "MUST"
text = "First in, first <out>."
oracle = "golden"
sources = ["document: 1"]
[[claim]]
id = "claim.test"
verdict = "refuted"
says = "Something."
place = "7"
snippet = "print(1)"
expect = "1"
clauses = ["test.flow.order"]
"""
RESULTS = """{"record": "header", "implementation": "tandem 1"}
{"record": "case", "id": "test.flow.order", "status": "PASS", "level": "MUST", "message": "", "ms": 1,\
 "transcript": ["</script>"], "command": "/elsewhere/build/x --case=test.flow.order"}
{"record": "footer", "cases": 1, "counts": {"PASS": 1}, "problems": []}
"""
NOT_PASSED = {"remarks": {"test.flow.order": {"says": "so <far>", "transcript": "1\n3"}}, "toolchain": "GNU", "commit": "c"}
# What is committed of evidence, each with one thing to see.
EVIDENCE = {
    "conformance/results/faults-test.json": {
        "killed": {"test.flow.order": {"test.reversed": "FAIL", "test.asleep": "TIMEOUT"}},
        "unkillable": {"test.flow.lifetime": "Nobody sees it."}},
    "conformance/results/mutations-flow.json": {"file": "impl/src/flow.cpp", "commit": "c0ffee", "mutations": [
        {"mutation": "impl/src/flow.cpp:1.negated", "text": "a", "status": "FAIL", "reached": True},
        {"mutation": "impl/src/flow.cpp:2.bound", "text": "b <_ c", "status": "PASS", "reached": True}]},
    "conformance/results/soak-test.json": {
        "module": "test", "seed": 7, "commit": "c", "started": "2026-01-02T", "complete": True, "failures": [],
        "counts": {"All/Flow.Keeps/one": {"what": "items", "count": 1500}, "All/Flow.Keeps/two": {"what": "items", "count": 9}}},
    "conformance/results/sanitizer-thread.json": {
        "sanitizer": "thread", "preset": "tsan", "target": "L", "when": "2026-01-03T", "clauses": {"t": {"SKIP": ["test.flow.order"]}},
        **NOT_PASSED},
    "conformance/ports/linux-s390x-gnu12-emulated.json": {
        "target": "linux-s390x-gnu12-emulated", "again": "scripts/validate-port --preset s390x --suite test",
        "again_module": "scripts/validate-port --preset s390x --suite {module}", "again_case": "emulated conformance_{module} --case={id}",
        "mode": "quick", "when": "2026-01-03",
        "clauses": {"t": {"XFAIL": ["test.flow.order"]}},
        **NOT_PASSED},
    "conformance/results/implementations.json": {
        "implementations": ["CPython 3.8.1", "PyPy 3.9.2"], "recorded": "2026-01-04", "clauses": {"test/flow": {"test.flow.order": "=x"}},
        "answers": {"test.flow.order": {"PyPy 3.9.2": "-in order"}}, "bounds": []},
    "conformance/layers.toml": '''
[[layer]]
kind = "stress"
module = "test"
tests = ["Flow.*"]
parameters = { "o*" = "test/flow" }
''',
    "reference/test/flow.golden.json": {"recorded": "2026-01-01", "cases": {
        "test.flow.order": {"cpython": ["3.8", "3.9", "3.10"], "outcomes": [{}, {}]}}},
}


def a_result(ours=2e6, machine="one"):
    row = a_row(floors=[floor(against="peers", needed=1.5)])
    contenders = [*CONTENDERS, contender("broken", "peer"), contender("cpython-3.13.0", "cpython")]
    samples = synthetic({**both(ours), "peer": 1e6, "cpython-3.13.0": 1e4}, rounds=5)
    samples.append(Sample(row.id, "broken", "broken", 0, False, error="crashed with SIGSEGV"))
    rows, summary = judge([row], {row.id: contenders}, samples, lambda one: one.impl)
    return {"schema": 1, "kind": "quick", "started": "2026-01-01T00:00:00Z", "seconds": 1,
            "interrupted": False, "settings": {"min_time": 0.05}, "summary": summary, "rows": rows,
            "environment": {"machine_id": machine, "machine": MACHINE, "compiler": "GNU",
                            "commit": "unknown", "missing_peers": [
                                {"peer": "absent", "impls": ["absent"], "package": "libabsent-dev"}]},
            "samples": [vars(sample) for sample in samples]}


def data_of(html):
    """What the page's scripts write it from."""
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.S).group(1))


class Balance(HTMLParser):
    """Every element that opens closes, and no id stands twice."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.errors, self.texts = [], [], [], [], []

    def handle_starttag(self, name, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[key] for key in ("href", "src") if key in found]
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        if not self.open or self.open.pop() != name:
            self.errors.append(f"</{name}> at {self.getpos()}")

    def handle_data(self, data):
        self.texts.append(data)


class ThePage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "spec/test").mkdir(parents=True)
            (root / "spec/test/flow.toml").write_text(SPEC)
            (root / "results.jsonl").write_text(RESULTS)
            for name, text in EVIDENCE.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text if isinstance(text, str) else json.dumps(text))
            cls.evidence = Evidence(root, root / "results.jsonl")
        cls.html = Page(cls.evidence, a_result(), []).html()
        cls.parsed = Balance()
        cls.parsed.feed(cls.html)
        cls.text = "".join(cls.parsed.texts)
        cls.data = data_of(cls.html)

    def test_it_is_well_formed(self):
        self.assertEqual(self.parsed.errors, [])
        self.assertEqual(self.parsed.open, [])
        self.assertEqual(len(self.parsed.ids), len(set(self.parsed.ids)))

    def test_links_lead_inside_and_nothing_is_loaded(self):
        clauses = [clause[0] for one in self.data["clauses"]["primitives"] for clause in one["clauses"]]
        for link in self.parsed.links:
            self.assertTrue(link == "data:," or link[1:] in self.parsed.ids + clauses, link)

    def test_the_verdict_comes_first(self):
        head = re.search(r"<h1>(.*?)</h1>", self.html).group(1)
        self.assertIn("1 of 1", head)
        self.assertIn("clauses hold", head)
        self.assertIn("floors met", head)

    def test_every_contender_stands_there(self):
        for text in ("peer", "broken", "crashed with SIGSEGV", "cpython-3.13.0", "libabsent-dev",
                     "a <fast> one"):
            self.assertIn(text, self.text)

    def test_the_data_holds_everything_once(self):
        (primitive,), texts = self.data["clauses"]["primitives"], self.data["clauses"]["texts"]
        ((name, status, text, _, sources, _, *beneath, run, ms, transcript, message),) = primitive["clauses"]
        self.assertEqual((name, text, ms, transcript, message),
                         ("test.flow.order", "First in, first <out>.", 1, "</script>", ""))
        self.assertEqual([texts[status], texts[run], [texts[one] for one in sources]],
                         ["PASS", "/elsewhere/build/x --case={id}".partition("/elsewhere/")[2], ["document: 1"]])
        self.assertEqual([texts[one] for one in beneath],
                         ["CPython 3.8 to 3.10, 2 outcomes, recorded 2026-01-01", "XFAIL", "SKIP", "=x"])
        (row,) = self.data["rows"]
        self.assertEqual([one["impl"] for one in row["contenders"]],
                         ["tandem", "peer", "broken", "cpython-3.13.0"])
        self.assertEqual(len(self.data["texts"]), len(set(self.data["texts"])))

    def test_a_cell_elsewhere_has_what_it_logged_and_a_command(self):
        for columns, again in (("targets", "emulated conformance_{module} --case={id}"),
                               ("sanitizers", "scripts/test --preset tsan --reduced -R '^{pattern}$'")):
            (one,) = self.data["clauses"][columns]
            self.assertEqual((one["command"], one["says"], one["logged"]),
                             (again, {"test.flow.order": "so <far>"}, {"test.flow.order": "1\n3"}))

    def test_a_target_says_how_many_of_todays_clauses_it_covers(self):
        (one,) = self.evidence.layers.targets
        there, newer = ({"id": id, "oracle": "document"} for id in ("test.flow.order", "test.flow.newer"))
        for clauses, shown in (([there], "GNU, quick, 2026-01-03, commit c, 1 of 1 clauses"),
                               ([there, newer], 'commit c, <span class="chip warn">1 of 2 clauses</span>')):
            self.assertIn(shown, render(places._about(one, clauses)))
        self.assertIn("commit c, 1 of 1 clauses", self.text)

    def test_an_older_target_is_asked_again_by_the_module(self):
        with tempfile.TemporaryDirectory() as folder:
            name = "conformance/ports/linux-s390x-gnu12-emulated.json"
            older = {key: value for key, value in EVIDENCE[name].items() if key != "again_case"}
            Path(folder, name).parent.mkdir(parents=True)
            Path(folder, name).write_text(json.dumps(older))
            ((one,), _) = layers.targets(Path(folder))
        self.assertEqual(one.one, older["again_module"])

    def test_generated_tests_count_for_what_they_try(self):
        texts, (primitive,) = self.data["clauses"]["texts"], self.data["clauses"]["primitives"]
        self.assertEqual([[kind, texts[tried], texts[run]] for kind, tried, run in primitive["generated"]],
                         [["stress", "1,500 items in the soak of 2026-01-02", "scripts/soak --module test"]])

    def test_the_evidence_stands_in_tables(self):
        for text in ("so <far>", layers.WANTED, "scripts/validate-port --preset s390x", "scripts/test --preset tsan --reduced", "1 red",  # where
                     "b <_ c", "not judged", "scripts/mutate impl/src/flow.cpp", "c0ffee",  # mutations
                     "1.51\u00a0k items", "complete", "scripts/soak --module test",
                     "1 FAIL, 1 TIMEOUT", "scripts/faults --module test"):
            self.assertTrue(text in self.text, text)

    def test_the_keyboard_reaches_what_is_wider_than_its_place(self):
        self.assertNotIn('class="scroll">', self.html)
        for label in ("Clauses of each primitive", "Layers of evidence", "Seeded faults", "Run it again", "What the document says"):
            self.assertIn(f'class="scroll" tabindex="0" role="region" aria-label="{label}"', self.html)

    def test_what_passed_on_many_targets_is_as_wide_as_on_one(self):
        targets = self.evidence.layers.targets
        (one,) = targets
        self.assertEqual(conformance._passed(targets, ["test.flow.order"]), f'<span title="{one.name}: 0">0 on 1</span>')
        passed = layers.Column("other", "", {"clauses": {"t": {"PASS": ["test.flow.order"]}}, "remarks": {}}, "", "")
        self.assertIn(">0–1 on 2<", conformance._passed([*targets, passed], ["test.flow.order"]))
        self.assertIn(">1 on 1<", conformance._passed([passed], ["test.flow.order", "test.flow.other"]))
        self.assertEqual(conformance._passed(targets, ["test.flow.other"]), "–")

    def test_no_markup_can_begin_in_the_data(self):
        self.assertNotIn("<", re.search(r'id="data">(.*?)</script>', self.html, re.S).group(1))

    def test_a_must_is_verified_by_the_faults_that_it_kills(self):
        self.assertIn(["test.asleep (timeout)", "test.reversed"],
                      self.data["clauses"]["primitives"][0]["clauses"][0])
        (clause,) = self.evidence.clauses()
        self.assertEqual(self.evidence.status(clause), "PASS")
        for changed, status in (({"id": "test.flow.other"}, "UNVERIFIED"), ({"id": "test.flow.lifetime"}, "PASS"),
                                ({"id": "test.flow.other", "level": "MAY"}, "PASS")):
            changed = {**clause, **changed}
            self.evidence.results[changed["id"]] = {"status": "PASS"}
            self.assertEqual(self.evidence.status(changed), status)

    def test_commands_hold_for_every_machine(self):
        self.assertIn("build/x --case={id}", self.data["clauses"]["texts"])
        self.assertNotIn("/elsewhere", self.html)

    def test_what_was_run_before_is_a_trend(self):
        before = {**a_result(1e6), "started": "2025-12-31T00:00:00Z"}
        html = Page(self.evidence, a_result(), [], [history.entry(before)]).html()
        (runs,) = data_of(html)["trends"].values()
        self.assertEqual([one["started"][:4] for one in runs], ["2025", "2026"])
        self.assertAlmostEqual(runs[1]["value"][0] / runs[0]["value"][0], 2, delta=0.1)
        self.assertIn("2 runs on this machine", html)
        self.assertEqual(self.data["trends"], {})

    def test_it_is_written_with_nothing_to_show(self):
        html = Page(Evidence("nowhere", None), None, []).html()
        self.assertIn("Nothing was run", html)


def a_pool(ours):
    """A result whose one row is of the pools."""
    result = a_result(ours)
    result["rows"][0]["group"] = "ThreadPoolExecutor"
    return result


class TheAnswer(unittest.TestCase):
    def page(self, ours):
        html = Page(Evidence("nowhere", None), a_pool(ours), []).html()
        return html, re.search(r"<h1>(.*?)</h1>", html).group(1)

    def test_the_first_line_says_what_to_use_and_how_far_it_is_ahead(self):
        html, head = self.page(2e6)
        self.assertRegex(head, r"use tandem as the pool: <b>(2\.0|1\.9)\d ×</b> the best peer")
        self.assertEqual(html.count('class="choice-card"'), 1)
        self.assertFalse('id="why-test.flow"' in html)

    def test_a_peer_that_is_faster_is_the_answer(self):
        self.assertIn("pool <b>peer</b>", self.page(0.5e6)[1])

    def test_a_red_row_says_why_or_that_nobody_knows(self):
        html = self.page(0.5e6)[0]
        self.assertTrue('id="why-test.flow"' in html and "not explained yet" in html)

    def test_a_row_that_is_red_after_two_rounds_may_not_be(self):
        result = a_pool(0.5e6)
        row = result["rows"][0]
        next(one for one in row["contenders"] if one["impl"] == row["best_peer"])["ratio"]["runs"] = 2
        html = Page(Evidence("nowhere", None), result, []).html()
        self.assertIn("seen in 2, which says nothing", html)
        self.assertIn("scripts/bench --full --filter &#x27;^test.flow$&#x27;", html)
        self.assertFalse("not explained yet" in html)

    def test_every_group_of_rows_is_an_answer_to_something(self):
        asked = {group for _, _, groups in choice.USES for group in groups}
        self.assertEqual({row.group for row in load() if not row.part}, asked)


class Failing(unittest.TestCase):
    """A row that tandem fails in is red wherever it stands."""

    def page(self):
        row = a_row(group="ThreadPoolExecutor", floors=[floor(against="peers", needed=1.5)])
        samples = synthetic({**both(9e6), "peer": 1e6}, rounds=5)
        samples.append(Sample(row.id, "tandem", "tandem", 5, False, error="items <were> lost"))
        rows, summary = judge([row], {row.id: CONTENDERS}, samples, lambda one: one.impl)
        return Page(Evidence("nowhere", None), {**a_result(), "rows": rows, "summary": summary}, []).html()

    def test_the_first_screen_says_so_and_does_not_recommend_it(self):
        html = self.page()
        first = html[html.index('id="verdict"'):html.index('id="speed"')]
        for text in ("pool <b>nobody</b>", "tandem FAILS in 1 row: test.flow", '<span class="chip bad">failed</span> tandem in', "of 1 met"):
            self.assertIn(text, first)
        self.assertNotIn("use tandem", first)

    def test_its_cells_are_red_and_the_rules_broken(self):
        html = self.page()
        row = html[html.index('id="row-test.flow"'):html.index('class="more"')]
        self.assertIn('data-label="tandem"><div class="failure"><span class="chip bad">failed</span> items &lt;were&gt; lost</div>', row)
        self.assertIn('data-label="verdict"><span class="chip bad">failed</span><a href="#why-test.flow"', row)
        self.assertIn('<span class="chip bad">missed</span>', row)
        self.assertIn('id="why-test.flow"', html)
        self.assertRegex(html, r'<span class="chip bad">broken</span> In no row does tandem crash, .*?#row-test\.flow')
        self.assertTrue(data_of(html)["rows"][0]["red"])

    def test_a_peer_that_failed_is_a_red_cell_of_its_row(self):
        html = Page(Evidence("nowhere", None), a_result(), []).html()
        row = html[html.index('id="row-test.flow"'):html.index('class="more"')]
        cell = re.search(r'data-label="to the best peer">(.*?)</td>', row).group(1)
        self.assertIn('<span class="chip bad">failed</span> broken: crashed with SIGSEGV', cell)
        self.assertIn('<option value="failed">', html)
        self.assertFalse(data_of(html)["rows"][0]["red"])

    def test_a_cell_of_a_grid_and_a_place_say_it_too(self):
        found = pages.with_parts(pages.result())
        broken = {one["row"] for one in found["summary"]["grids"][0]["cells"][1:]} | {"placement.queue.pingpong.smt"}
        for row in found["rows"]:
            if row["id"] in broken:
                row["contenders"] = [{"impl": "tandem", "kind": "ours", "command": "x", "error": "items were lost"}]
                row.update(best_peer=None, standing="failed")
        html = pages.html(Evidence("nowhere", None), found)
        for name in broken:
            self.assertRegex(html, f'<a href="#row-{re.escape(name)}"[^>]*><span class="chip bad">failed</span></a>')

    def test_rows_without_a_peer_have_their_floors_on_the_page(self):
        row = a_row(floors=[floor(against="cpython", needed=2)])
        who = [CONTENDERS[0], contender("cpython-3.13.0", "cpython")]
        rows, summary = judge([row], {row.id: who}, synthetic({**both(9e6), who[1].impl: 1e6}), lambda one: one.impl)
        html = Page(Evidence("nowhere", None), {**a_result(), "rows": rows, "summary": summary}, []).html()
        self.assertRegex(html, "<h1>(<b>)?1 of 1(</b>)? floors met")
        self.assertIn("no peer ran any of these 1 rows", html)


class Missing(unittest.TestCase):
    """Who would run a row as well is told in it."""

    PEERS = [{"peer": "absent", "impls": ["absent"], "package": "libabsent-dev", "rows": "^test[.]", "why": ""},
             {"peer": "BS::absent", "impls": ["bs"], "package": "", "rows": "^test[.]flow$", "why": "No package has it."},
             {"peer": "other", "impls": ["other"], "package": "o", "rows": "^queue[.]", "why": ""},
             {"peer": "older", "impls": ["older"], "package": "o"}]  # as results had them before rows were told

    def test_its_row_says_so_and_the_page_where_it_is_had_or_why_not(self):
        row = a_row()
        rows, summary = judge([row], {row.id: CONTENDERS}, synthetic({**both(2e6), "peer": 1e6}), lambda one: one.impl, missing=self.PEERS)
        self.assertEqual(rows[0]["missing"], ["absent", "BS::absent"])
        result = {**a_result(), "rows": rows, "summary": summary}
        result["environment"]["missing_peers"] = self.PEERS
        html, text = Page(Evidence("nowhere", None), result, []).html(), show.markdown(result)
        self.assertIn('not here: <a href="#missing">absent, BS::absent</a>', html)
        self.assertRegex(html, "(?s)id=.missing.*apt-get install libabsent-dev.*BS::absent</th><td>bs</td><td>No package has it[.]")
        for words in ("; not here: absent, BS::absent |", "Not here: BS::absent (No package has it.)", "Not here: other (Debian: `apt-get install o`)"):
            self.assertIn(words, text)

    def test_every_peer_that_may_be_missing_says_of_which_rows(self):
        calls = re.findall(r"^bench_peer\((.+?)\)$", (BENCH / "peers/CMakeLists.txt").read_text(), re.M | re.S)
        self.assertGreater(len(calls), 15)
        rows, of = load([]), {}
        for call in calls:
            asked = re.search(r'ROWS "(.*)"', call)
            self.assertTrue("FOUND TRUE" in call or asked, call)
            self.assertTrue(re.search("PACKAGE|WHY", call), call)
            if asked:
                self.assertTrue(any(re.search(asked[1], row.id) for row in rows if not row.part), call)
                for impl in re.search(r"IMPLS((?:\s+[a-z_][\w.]*)+)", call)[1].split():
                    of[impl] = asked[1]
        for row in rows:
            for impl in (impl for one in row.floors for impl in one.of):
                self.assertRegex(row.id, of.get(impl, "^"))


class TheRealPage(unittest.TestCase):
    """Of this repository's clauses and its largest result."""

    def test_it_is_light(self):
        seen = pages.evidence()
        html = pages.html(seen)
        self.assertLess(len(html.encode()), 2e6)
        shown = [clause[0] for one in data_of(html)["clauses"]["primitives"] for clause in one["clauses"]]
        self.assertEqual(shown, [clause["id"] for clause in seen.clauses()])

    def test_the_census_names_the_clauses_that_answer(self):
        seen = pages.evidence()
        html, clauses = pages.html(seen), seen.clauses()
        data = data_of(html)
        by_name = {name: one for methods in data["census"].values() for _, name, one in methods}
        answered = by_name["test_queue.BaseQueueTestMixin.test_queue_join"]
        self.assertIn("queue.join.waits-for-task-done", [clauses[place]["id"] for place in answered])
        self.assertIn("Random programs through the runners", html)
        self.assertIsInstance(by_name["test_asyncio.test_timeouts.TimeoutTests.test_timeout_without_task"], str)


def rows_apart(factors, seed):
    """A result of as many rows, each so many times as fast as 1e6."""
    rows = [a_row(id=f"test.row.{number}") for number in range(len(factors))]
    samples = [sample for row, factor in zip(rows, factors)
               for sample in synthetic(both(1e6 * factor), row=row.id, rounds=6, spread=0.03, seed=f"{row.id} {seed}")]
    judged, summary = judge(rows, {row.id: CONTENDERS for row in rows}, samples, lambda one: one.impl)
    return {"rows": judged, "summary": summary, "samples": [vars(sample) for sample in samples]}


class BeyondTheTable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows, cls.summary = pages.beyond_the_table()
        cls.parsed = Balance()
        cls.html = pages.html(Evidence("nowhere", None), pages.with_parts(pages.result()))
        cls.parsed.feed(cls.html)
        cls.text = "".join(cls.parsed.texts)

    def test_it_is_well_formed(self):
        self.assertEqual(self.parsed.errors + self.parsed.open, [])
        self.assertEqual(len(self.parsed.ids), len(set(self.parsed.ids)))

    def test_the_arrow_keys_move_every_table_that_may_be_wide(self):
        self.assertNotIn('class="scroll">', self.html)
        for label in ("Scalability", "Where the threads are", "Fairness", "Queue(maxsize=1024), integers"):
            self.assertIn(f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">', self.html)

    def test_no_head_of_a_column_is_empty(self):
        self.assertEqual(re.findall(r"<th[^>]*></th>", self.html), [])

    def test_every_sweep_has_enough_to_be_fitted(self):
        self.assertGreaterEqual(len(self.summary["scaling"]), 2)
        for sweep in self.summary["scaling"]:
            self.assertNotIn("refused", sweep)
        self.assertEqual(set(data_of(self.html)["sweeps"]), {one["id"] for one in self.summary["scaling"]})

    def test_every_cell_of_a_grid_holds_its_number(self):
        for grid in self.summary["grids"]:
            lines, columns = ({one[side] for one in grid["cells"]} for side in ("down", "across"))
            self.assertEqual(len(grid["cells"]), len(lines) * len(columns))
            for cell in grid["cells"]:
                row = next(row for row in self.rows if row["id"] == cell["row"])
                value = next(one["value"]["median"] for one in row["contenders"] if one["kind"] == "ours")
                self.assertIn(show.value(value, row["unit"]).split(row["unit"])[0].strip(), self.text)

    def test_a_grid_of_threads_goes_as_far_as_the_machine(self):
        for processors, counts in ((1, (1, 2, 4, 8)), (2, (1, 2, 4, 8)), (16, (1, 2, 4, 8, 16, 32)), (512, tuple(2 ** n for n in range(9)))):
            with mock.patch("environment.processors", lambda count=processors: count):
                rows = load([])
            cells = {row.cell: row.id for row in rows if row.grid and row.grid.id == "queue.bounded.int"}
            self.assertEqual(cells, {(str(down), str(across)): f"queue.bounded.int.{down}p{across}c" for down in counts for across in counts})

    def test_a_grid_of_messages_goes_from_the_smallest_to_the_largest(self):
        (grid,) = [one for one in self.summary["grids"] if one["id"] == "connection"]
        self.assertEqual([{one[side] for one in grid["cells"]} for side in ("down", "across")],
                         [{"8 B", "64 B", "1 KiB", "16 KiB", "256 KiB", "4 MiB"}, {"1", "16", "256"}])

    def test_loads_and_shares_stand_there(self):
        for text in ("90 %", "Jain's index", "110%", "Latency under load"):
            self.assertIn(text, self.text)

    def test_every_place_holds_its_number_or_says_why_not(self):
        for text in ("two threads of one core", "processors 0 and 4", "this machine has none", "unknown"):
            self.assertIn(text, self.text)
        (places,) = {len(one["places"]) for one in self.summary["placements"]}
        self.assertEqual(places, len(pages.PLACES))
        self.assertIn("placement.queue.pingpong.smt", [row["id"] for row in self.rows])

    def test_a_sweep_says_from_where_on_threads_take_turns(self):
        one = {"id": "x", "threads": [1, 2, 4, 8], "of": "pairs", "processors": 4, "refused": "no"}
        self.assertIn("from 4 on more threads than the 4 processors", parts._fit(one))
        self.assertNotIn("more threads than", parts._fit({**one, "of": "threads", "processors": 8}))
        # Who gives the workers their work is a thread, too.
        self.assertIn("from 8 on more threads than the 8 processors", parts._fit({**one, "of": "workers", "processors": 8}))

    def test_what_the_machine_does_by_itself_stands_there(self):
        for text in ("What it does by itself", "A child of fork() that ends at once", "scripts/compare HERE.json THERE.json"):
            self.assertIn(text, self.text)

    def test_what_an_item_costs_is_in_the_data(self):
        row = next(one for one in data_of(self.html)["rows"] if one["id"] == "lock.contended.3t")
        ours = next(one for one in row["contenders"] if one["kind"] == "ours")
        self.assertEqual((ours["cpu"], ours["switches"], ours["allocations"], ours["peak"]), (100, [0.007, 0], 1.5, 3072))

    def test_nothing_of_it_is_counted(self):
        table = [row for row in self.rows if not row.get("part")]
        self.assertEqual(self.summary["rows"], len(table))
        self.assertLess(len(table), len(self.rows))
        parts = {row["id"] for row in self.rows} - {row["id"] for row in table}
        self.assertEqual(parts & {*self.summary["behind_rows"], *self.summary["rows_below_floor"]}, set())

    def test_a_quick_run_leaves_it_out(self):
        self.assertTrue(all(not row.part for row in chosen("", False)))
        self.assertTrue(any(row.part for row in chosen("", True)))
        self.assertEqual([row.id for row in chosen("^lock.contended.3t$", False)], ["lock.contended.3t"])


class Beside(unittest.TestCase):
    def test_markdown_has_a_line_per_row(self):
        text = show.markdown(a_result())
        self.assertIn("| Test: a row |", text)
        self.assertIn("libabsent-dev", text)

    def test_the_sheet_has_percentiles_loads_and_shares(self):
        found = {"samples": [vars(Sample("r", "tandem", "tandem", 0, True, 1, details=details)) for details in (
            {"items": 3, "latency": {"p50": 5, "p90": 6, "p99": 7, "p99.9": 8, "max": 9}}, {"shares": {"min": 0.5, "median": 1, "max": 2}},
            {"loads": [{"percent": 10, "rate": 100, "p50": 1, "p90": 2, "p99": 3, "p99.9": 4, "max": 5}]}, {})]}
        head, *lines = show.table(found)
        one, two, three, four = (dict(zip(head, line, strict=True)) for line in lines)
        self.assertEqual((one["items"], one["latency.p50"], one["latency.p99.9"], one["shares.min"]), (3, 5, 8, ""))
        self.assertEqual((two["shares.min"], two["shares.max"], three["load10.rate"], three["load10.p99.9"]), (0.5, 2, 100, 4))
        self.assertEqual({four[name] for name in head[len(show.COLUMNS):]}, {""})

    def test_two_runs_of_one_machine(self):
        ((row, ratio, _),) = compare.compare_values(a_result(1e6), a_result(2e6))
        self.assertEqual((row["id"], ratio["verdict"]), ("test.flow", "faster"))
        self.assertAlmostEqual(ratio["median"], 2, delta=0.1)

    def test_who_failed_in_one_of_them_is_told_and_not_compared(self):
        after = a_result(2e6)
        after["samples"].append(vars(Sample("test.flow", "tandem", "tandem", 5, False, error="items were lost")))
        after["rows"][0]["contenders"][0] = {"impl": "tandem", "kind": "ours", "error": "items were lost"}
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            compare.tell_failures(a_result(1e6), after)
        self.assertRegex(said.getvalue(), r"^test\.flow +FAILS after: items were lost\n$")
        self.assertEqual(list(compare.compare_values(a_result(1e6), after)), [])

    def test_what_one_row_may_claim_is_too_little_among_forty(self):
        for others, standing in ((0, "faster"), (39, "inconclusive")):
            before, after = rows_apart([1] * (1 + others), 1), rows_apart([1.17] + [1] * others, 2)
            (_, ratio, _), *rest = compare.compare_values(before, after)
            self.assertEqual(ratio["verdict"], standing)
            self.assertEqual({one["verdict"] for _, one, _ in rest} & {"faster", "slower"}, set())

    def test_two_machines_compare_their_leads(self):
        found = list(compare.compare_leads(a_result(1e6), a_result(2e6, machine="two")))
        self.assertEqual(found[0][1], "peer")
        self.assertAlmostEqual(found[0][3]["median"] / found[0][2]["median"], 2, delta=0.1)


if __name__ == "__main__":
    unittest.main()
