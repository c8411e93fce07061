"""conformance/results/implementations.json, its page, and whose fault each red cell of it is."""

import fnmatch
import functools
import json
import os

import evidence
import implementations as lib

ROOT = evidence.ROOT
RESULTS = os.path.join(ROOT, "conformance", "results")
DATA = os.path.join(RESULTS, "implementations.json")
PAGE = os.path.join(RESULTS, "implementations.md")
FINDINGS = os.path.join(ROOT, "conformance", "implementations.toml")
# Whom a red cell tells something about.
BLAMED = ("implementation", "tandem", "spec", "suite")
FIELDS = {"blamed", "who", "cells", "says"}
MOST_PER_PATTERN = 20
LONGEST_SHOWN = 160


def load():
    with open(DATA, encoding="utf-8") as file:
        return json.load(file)


def save(data):
    data = dict(data, letters=lib.LETTERS)
    with open(DATA, "w", encoding="utf-8") as file:
        file.write(json.dumps(data, indent=1, ensure_ascii=True, sort_keys=True) + "\n")


def column(data, name):
    """The place of an implementation in each clause's row of letters."""
    names = data.setdefault("implementations", [])
    if name not in names:
        names.append(name)
    return names.index(name)


def put(data, primitive, id, name, letter, answer):
    index, row = column(data, name), data.setdefault("clauses", {}).setdefault(primitive, {})
    letters = list(row.get(id, "").ljust(len(data["implementations"]), lib.ABSENT))
    letters[index] = letter
    row[id] = "".join(letters)
    answers = data.setdefault("answers", {}).setdefault(id, {})
    answers.pop(name, None)
    if answer and letter in lib.RED:
        answers[name] = answer
    if not answers:
        del data["answers"][id]


def put_twins(data, answers):
    for primitive, cases in answers.items():
        for id, row in cases.items():
            for name, (letter, answer) in row.items():
                put(data, primitive, id, name, letter, answer)
    forget_what_is_gone(data)
    data["bounds"] = boundaries(data)


def put_ours(data, name, answers):
    """Ours of the cases that have a twin."""
    kept = [at for at, one in enumerate(data["implementations"]) if not one.startswith("tandem")]
    data["implementations"] = [data["implementations"][at] for at in kept]
    for primitive, cases in data["clauses"].items():
        for id in cases:
            cases[id] = "".join(cases[id][at] for at in kept if at < len(cases[id]))
            put(data, primitive, id, name, *answers.get(id, (lib.ABSENT, None)))


def programs_of(data, seed, count):
    """The programs' part, which forgets the rows of other programs."""
    kept = data.get("programs", {})
    if (kept.get("seed"), kept.get("count")) != (seed, count):
        data["programs"] = {"seed": seed, "count": count, "rows": {}}
    return data["programs"]


def forget_what_is_gone(data):
    ids = {primitive: set(ids) for primitive, ids in twins().items()}
    for primitive, cases in data["clauses"].items():
        for id in set(cases) - ids.get(primitive, set()):
            del cases[id]
            data["answers"].pop(id, None)


@functools.lru_cache(maxsize=None)
def clauses():
    """[(primitive, clause)] of spec/."""
    return [(primitive, clause) for primitive, parsed in evidence.specs().items() for clause in parsed.get("clause", [])]


@functools.lru_cache(maxsize=None)
def twins():
    """{primitive: [id]} of reference/."""
    return evidence.twins()


def version_of(name):
    """CPython 3.11.7 -> (3, 11, 7)"""
    return lib.interpreters.parse_version(name.split()[1])


def versions(data):
    """{its name: its version} of each Python that has a column."""
    return {name: version_of(name) for name in data["implementations"] if not name.startswith("tandem")}


def never_asked(data, name):
    """{primitive: [id]} of the twins to which that Python has not given an answer: all, where it has no column."""
    names = data["implementations"]
    place = names.index(name) if name in names else len(names)
    letters = {id: row[place:place + 1] for cases in data["clauses"].values() for id, row in cases.items()}
    missing = {primitive: [id for id in ids if letters.get(id, "") in ("", lib.ABSENT)] for primitive, ids in twins().items()}
    return {primitive: ids for primitive, ids in missing.items() if ids}


def notes(data):
    """Where a Python would have to give the golden's answer and was never asked. That fails nothing: to ask takes long."""
    by_id, found = {clause["id"]: clause for _, clause in clauses()}, []
    for name, version in versions(data).items():
        ids = [id for missing in never_asked(data, name).values() for id in missing if lib.within(version, by_id.get(id, {}))]
        if ids:
            found.append("%s was never asked %d twins, such as %s: scripts/implementations --measure --new" % (
                name, len(ids), ids[0]))
    return found


def rejudged(data):
    """The same answers by the since and until that hold today. One that nobody has compared, as it was outside, is absent."""
    for primitive, id, name, letter in moved(data):
        put(data, primitive, id, name, letter, data["answers"].get(id, {}).get(name))
    data["bounds"] = boundaries(data)
    return data


def moved(data):
    """[(primitive, id, implementation, letter)] of the answers to a clause whose since or until is not that of the measuring."""
    inside = {lib.OUTSIDE: lib.ABSENT, lib.ALIKE: lib.EQUAL}
    outside = {lib.EQUAL: lib.ALIKE, **dict.fromkeys(lib.RED, lib.OUTSIDE)}
    found, known = [], versions(data)
    for primitive, clause in clauses():
        row = data["clauses"].get(primitive, {}).get(clause["id"], "")
        for name, letter in zip(data["implementations"], row):
            if name in known:
                judged = inside if lib.within(known[name], clause) else outside
                found.append((primitive, clause["id"], name, judged.get(letter, letter), letter))
    return [one[:-1] for one in found if one[-1] != one[-2]]


def cpythons(names):
    """[(its place among the columns, its version)], the oldest first."""
    found = [(place, version_of(name)) for place, name in enumerate(names) if name.startswith("CPython")]
    return sorted(found, key=lambda one: one[1])


def unproven(names, letters):
    """The CPythons next to those within since and until that give the golden's answer all the same.

    One behind a version that does not is none: what was broken for a while holds since it was mended.
    """
    places, found = [place for place, _ in cpythons(names)], []
    for way in (places, places[::-1]):
        for index, following in zip(way[-2::-1], way[:0:-1]):
            inward = letters[following] in (lib.EQUAL, *lib.RED) or following in found
            if letters[index] == lib.ALIKE and inward:
                found.append(index)
    return sorted(set(found))


def red_cells(data):
    """{(implementation, cell): what was said}: a cell is a clause, since/<clause>, or programs/<kind>/<operations>."""
    found, names = {}, data["implementations"]
    for cases in data["clauses"].values():
        for id, letters in cases.items():
            for name, letter in zip(names, letters):
                if letter in lib.RED:
                    found[name, id] = data["answers"].get(id, {}).get(name, lib.LETTERS[letter])
            for index in unproven(names, letters):
                found[names[index], "since/" + id] = "outside of since and until, and yet the golden's answer"
    for name, row in data.get("programs", {}).get("rows", {}).items():
        for breach in row["breaches"]:
            found[name, "programs/protocol"] = breach
        for kind in row["kinds"].values():
            for cell, seen in kind["smallest"].items():
                found[name, "programs/" + cell] = "%s, not %s" % (json.dumps(seen["says"]), json.dumps(seen["against"]))
    return found


def findings():
    return evidence.toml_subset.load(FINDINGS).get("finding", [])


def matched(entry, cells):
    return [(name, cell) for name, cell in cells if fnmatch.fnmatchcase(name, entry["who"])
            and any(fnmatch.fnmatchcase(cell, pattern) for pattern in entry["cells"])]


def malformed(entry, cells):
    if set(entry) != FIELDS:
        return "has to have the fields " + ", ".join(sorted(FIELDS))
    if entry["blamed"] not in BLAMED:
        return "blamed is one of " + ", ".join(BLAMED)
    for pattern in entry["cells"]:
        found = {cell for _, cell in matched(dict(entry, cells=[pattern]), cells)}
        if not found:
            return "%s: %s meets no red cell" % (entry["who"], pattern)
        if len(found) > MOST_PER_PATTERN:
            return "%s: %s meets %d cells, more than %d" % (entry["who"], pattern, len(found), MOST_PER_PATTERN)
    return None


def without_programs(data):
    """The implementations whose twins were asked only."""
    rows = data.get("programs", {}).get("rows", {})
    return ["%s: no random programs were run: scripts/implementations --measure --programs" % name
            for name in data["implementations"] if name not in rows]


def problems(data=None, entries=None):
    """What is red and unexplained, explained and not red, what was not run, and whether the page is that of the data."""
    check_page = data is None
    data, entries = data or load(), findings() if entries is None else entries
    cells = red_cells(data)
    said = [why for why in (malformed(entry, cells) for entry in entries) if why]
    explained = {cell for entry in entries if FIELDS <= set(entry) for cell in matched(entry, cells)}
    said += ["%s: %s is red, and nothing says whose fault it is: %s" % (name, cell, what.replace("\n", " | ")[:400])
             for (name, cell), what in cells.items() if (name, cell) not in explained]
    said += without_programs(data)
    said += ["%s: %s was judged by another since or until: --write" % (name, id) for _, id, name, _ in moved(data)]
    if check_page and not said:
        with open(PAGE, encoding="utf-8") as file:
            said += [] if file.read() == text(data, entries) else ["implementations.md is not that of the data: --write"]
    return said


def write():
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text(load(), findings()))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def counted(letters):
    """How many of a column are equal; what is red, and what is outside, only where there is something."""
    parts = [str(letters.count(lib.EQUAL))]
    red = sum(letters.count(letter) for letter in lib.RED)
    outside = letters.count(lib.OUTSIDE) + letters.count(lib.ALIKE)
    return " ".join(parts + (["(%d outside)" % outside] if outside else []) + (["**%d red**" % red] if red else []))


def rows_of_cases(data):
    modules, names = {}, data["implementations"]
    for primitive, cases in sorted(data["clauses"].items()):
        modules.setdefault(primitive.rpartition("/")[0], []).extend(cases.values())
    for module, rows in [*modules.items(), ("all", [row for rows in modules.values() for row in rows])]:
        columns = ["".join(row[index] for row in rows) for index in range(len(names))]
        yield [module, len(rows)] + [counted(letters) for letters in columns]


def in_order(data):
    """[(implementation, its row of programs)], in the order of the columns."""
    rows = data["programs"]["rows"]
    return [(name, rows[name]) for name in data["implementations"] if name in rows]


def rows_of_programs(data):
    kinds = list(lib.GENERATORS)
    for name, row in in_order(data):
        cells = []
        for kind in kinds:
            one = row["kinds"].get(kind)
            cells.append("not asked" if one is None else "**%d red** of %d" % (one["different"], one["programs"])
                         if one["different"] else str(one["programs"]))
        yield [name] + cells + [", ".join(row["lacks"]) or "nothing"]


def shown_by(bound, field, letters, known):
    """Whether a since or until is "proven", "not contradicted" or neither, by the next CPython for which it does not hold.

    One that gives another answer proves 3.11, but 3.11.5 only if it is a 3.11 itself: a 3.10 knows nothing of 3.11.4.
    """
    outside = [(place, version) for place, version in known if (version < bound) == (field == "since")]
    place, version = (outside[-1] if field == "since" else outside[0]) if outside else (len(letters), ())
    if letters[place:place + 1] != lib.OUTSIDE:
        return ""
    return "proven" if version[:2] == bound[:2] or not any(bound[2:]) else "not contradicted"


def boundaries(data):
    """[[bound, clauses, proven, not contradicted]] of each since and until."""
    known, found = cpythons(data["implementations"]), {}
    for primitive, clause in clauses():
        letters = data["clauses"].get(primitive, {}).get(clause["id"])
        for field in ("since", "until"):
            if letters is None or clause.get(field, "3.8") == "3.8":
                continue
            bound = lib.interpreters.parse_version(clause[field])
            said = found.setdefault((bound, field + " " + clause[field]), [])
            said.append(shown_by(bound, field, letters, known))
    return [[what, len(said), said.count("proven"), said.count("not contradicted")] for (_, what), said in sorted(found.items())]


def explained_rows(data, entries):
    cells = red_cells(data)
    for entry in entries:
        yield entry, sorted(matched(entry, cells)), cells


def shown(what):
    what = what.replace("\n", " ⏎ ").replace("`", "'")
    return what if len(what) <= LONGEST_SHOWN else what[:LONGEST_SHOWN] + "…"


def text(data, entries):
    names = data["implementations"]
    programs = data.get("programs", {})
    parts = [
        "# Other implementations",
        "Made by `scripts/implementations` from implementations.json (%s, %s); whose fault what is red is stands in "
        "`conformance/implementations.toml`." % (data["recorded"], data["platform"]),
        "## The cases",
        "How many of the clauses whose case has a Python twin get the golden's answer. Each twin was run once under each Python. "
        "*Outside* are those whose `since` or `until` says that it need not. PyPy is asked as the "
        "CPython whose language it speaks. Ours are the C++ cases.",
        table(["module", "clauses", *names], rows_of_cases(data)),
        "## Since and until",
        "A clause's `since` is proven where the last CPython before it, run all the same, gives another answer (`until`: "
        "the first after it). Where the bound has a patch level that has to be one of the same minor version; another one does "
        "*not contradict*, and no more.",
        table(["bound", "clauses", "proven", "not contradicted"], data["bounds"]),
    ]
    if programs:
        parts += [
            "## Random programs",
            "Programs of each kind through the runner protocol (`reference/PROTOCOL.md`), seed %s, beside %s; only what both have "
            "(features) is asked." % (programs["seed"], programs["against"]),
            table(["implementation", *lib.GENERATORS, "lacks"], rows_of_programs(data)),
        ]
    parts += ["## What is red, and whose fault it is"]
    for blamed in BLAMED:
        for entry, met, cells in explained_rows(data, entries):
            if entry["blamed"] == blamed:
                parts += ["**%s** (%s). %s" % (blamed, ", ".join(sorted({name for name, _ in met})), entry["says"]),
                          "\n".join("* `%s`, %s: `%s`" % (cell, name, shown(cells[name, cell])) for name, cell in met)]
    return "\n\n".join(parts) + "\n"
