"""port-<target>.html: this run beside every committed target, clause by clause."""

import os
import sys

import commits
import evidence
import ports
import results as lib

REPORT = os.path.join(evidence.ROOT, "bench", "report")
sys.path.append(REPORT)

from conformance import kind  # noqa: E402
from layers import TOLD, WANTED  # noqa: E402
from markup import Markup, chip, command, details, scroller, tag  # noqa: E402

NOT_RUN, NOT_ASKED = "not run", "not asked"
UNHEARD = ("Not asked: its module was left out there, or no random program tries it. Not run: nothing was heard of it, most likely because it is newer "
           "than that run. What a case logged that passes on a target is what reference/<primitive>.golden.json has, where CPython was asked; behind "
           "the runners' protocol there are no cases, and the programs that try a clause saw what CPython sees. ")


def html(document, others):
    """`others`: {target: document} without this one."""
    columns = {document["target"]: document, **others}
    body = [tag("h1", "Port: ", tag("b", document["target"])), tag("p", _verdict(document), class_="counts"),
            _problems(document), _absent(document), _live(document), _beyond(document), tag("h2", "What is not plainly PASS"), _remarks(document),
            tag("h2", "What differs from the other targets"), [_differences(document, name, one) for name, one in others.items()]
            or tag("p", "No other target is committed."),
            tag("h2", "What the targets can do"), _values(columns, "capabilities"),
            tag("h2", "What the targets are"), _values(columns, "facts"),
            tag("h2", "Clauses and targets"), _targets(columns), tag("p", UNHEARD, "A clause that is opened has its commands. ",
                WANTED, class_="quiet"), _numbers(columns), _clauses(columns),
            tag("script", Markup(evidence.read(os.path.join(REPORT, "js", "again.js"))))]
    style = Markup(evidence.read(os.path.join(REPORT, "page.css")))
    head = tag("head", Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
               tag("title", "Port: " + document["target"]), tag("style", style))
    return "<!doctype html>\n" + tag("html", head, tag("body", tag("main", body)), lang="en")


def _verdict(document):
    total, good = sum(document["counts"].values()), sum(document["counts"].get(status, 0) for status in ports.GOOD)
    tests = sum(document["tests"].values())
    return ["%d of %d cases and %d of %d other tests as they should be. " % (
        good, total, sum(document["tests"].get(status, 0) for status in ports.GOOD), tests),
        chip("failed", "bad") if ports.failed(document) else chip("green", "good"),
        " %s, %s, %s, commit %s. " % (document["mode"], document["toolchain"], document["when"], document["commit"]),
        command(document["again"])]


def _table(label, head, lines):
    return scroller(label, tag("table", tag("thead", tag("tr", [tag("th", cell, scope="col") for cell in head])),
                               tag("tbody", [tag("tr", [tag("td", cell) for cell in line]) for line in lines])))


def _problems(document):
    return tag("ul", [tag("li", problem) for problem in document["problems"]], class_="note") if document["problems"] else None


def _absent(document):
    """What cannot be had there, or was left out."""
    return tag("p", "Absent: %s." % ", ".join(document["absent"])) if document["absent"] else None


def _live(document):
    """Goldens are enough; that they are still true is another question. Older documents do not say."""
    again = document.get("live")
    return tag("p", "Not asked again there: no python3 ran the twins; the goldens are what CPython said elsewhere.") if again == 0 else \
        tag("p", "%d files of twins were run again by the target's python3." % again) if again else None


def _beyond(document):
    """A port that has begun may lengthen its list."""
    passing = document.get("beyond", [])
    return details("%d pass and are not on the pass-list" % len(passing), tag("ul", [tag("li", tag("code", id)) for id in passing])) if passing else None


def _remarks(document):
    lines = [[chip(remark["status"], kind(remark["status"])), tag("code", id), _why(remark), command(remark["again"])]
             for id, remark in sorted(document["remarks"].items(), key=lambda pair: (pair[1]["status"] not in lib.BAD, pair[0]))]
    return _table("What is not plainly PASS", ["status", "case or test", "why", "again"], lines) if lines else tag("p", "Nothing: all that was run passes.")


def _why(remark):
    return [remark["says"], details(TOLD, tag("pre", remark["transcript"])) if remark.get("transcript") else None]


def _differences(document, name, other):
    found = ports.differences(document, other)
    lines = [[what, tag("code", key), str(one), str(two)] for what, rows in found.items() for key, (one, two) in sorted(rows.items())]
    summary = "%s: %s" % (name, ", ".join("%d %s" % (len(rows), what) for what, rows in found.items() if rows) or "nothing")
    return details(summary, _table("Differences from " + name, ["of", "which", "here", name], lines), open_=len(lines) <= 20) if lines else tag("p", summary)


def _values(columns, field):
    """The rows of all, unlike ones marked."""
    keys = dict.fromkeys(key for one in columns.values() for key in one[field])
    lines = []
    for key in keys:
        values = [one[field].get(key, "not asked") for one in columns.values()]
        lines.append([tag("code", key)] + [_answer(value) for value in values])
    return _table("The targets' " + field, ["", *columns], lines)


def _answer(value):
    word = str(value).partition(":")[0]
    return [chip(word, {"yes": "good", "no": "bad"}.get(word, "warn")), str(value)[len(word) + 1:]] \
        if word in ("yes", "no", "unknown") else str(value)


def _targets(columns):
    """What each column is of: one that is old, or of a few modules only, is seen for what it is."""
    clauses = [clause for spec in evidence.specs().values() for clause in spec.get("clause", [])]
    lines = []
    for name, one in columns.items():
        there, all_ = ports.coverage(clauses, ports.statuses(one), ports.by_programs(one))
        lines.append([tag("code", name), chip("%d of %d" % (there, all_), "good" if there == all_ else "warn"), one["when"],
                      commits.age(evidence.ROOT, one["commit"]), command(ports.template(one))])
    return tag("div", _table("Targets", ["target", "of today's clauses", "on", "commit, later ones", "a clause again"], lines), id="targets")


def _numbers(columns):
    lines = []
    for primitive in sorted({name for one in columns.values() for name in one["clauses"]}):
        lines.append([primitive] + [_counted(one["clauses"].get(primitive, {})) or _unheard(one, primitive) for one in columns.values()])
    return _table("Primitives and targets", ["primitive", *columns], lines)


def _counted(row):
    return [[chip("%d %s" % (len(ids), status), kind(status)), " "] for status, ids in sorted(row.items())]


def _unheard(document, primitive):
    module = evidence.module_of(primitive)
    asked = not ports.by_programs(document) and module in (document["suites"] or [module])
    return tag("span", NOT_RUN if asked else NOT_ASKED, class_="quiet")


def _clauses(columns):
    known = {name: ports.statuses(one) for name, one in columns.items()}
    parts = []
    for primitive, spec in evidence.specs().items():
        ids = [clause["id"] for clause in spec.get("clause", [])]
        lines = [[details(tag("code", id), data_again=True)] +
                 [_cell(columns[name], id, row[id]) if id in row else _unheard(columns[name], primitive) for name, row in known.items()] for id in ids]
        parts.append(details("%s: %d" % (primitive, len(ids)), _table(primitive + " and targets", ["clause", *columns], lines), class_="primitive",
                             data_module=evidence.module_of(primitive)) if lines else None)
    return parts


def _cell(document, id, status):
    """What is not plainly PASS has its own command: it may have ended before it knew of the usual one."""
    if status == "PASS":
        return status
    remark = document["remarks"].get(id)
    if not remark:
        return chip(status + ": nobody says why", "bad")
    return [chip(status, kind(status)), tag("div", _why(remark), class_="quiet"), details("again", command(remark["again"]))]
