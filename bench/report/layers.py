"""What stands beneath a clause beside its case: CPython's answers, generated tests, sanitizers, targets, implementations."""
import fnmatch
import json
import re
import sys
import tomllib
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent.parent / "scripts/lib"))

import commits  # noqa: E402
import ports  # noqa: E402

KINDS = ("differential", "linearizability", "schedules", "properties", "stress")
# Words of the report and of a port's page: beside commands, and above what is kept of a case that is not plainly PASS.
WANTED = "A target's commands want a build by scripts/validate-port first; run-conformance, the kit on that machine."
TOLD = "what it said and logged"
NO_SOAK = "in every test run; no soak of it is committed"


def load(folder, pattern):
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(Path(folder).glob(pattern))]


def versions(minors):
    """3.8 to 3.13, or those that there are."""
    known = [tuple(map(int, one.split("."))) for one in minors]
    whole = len(known) > 2 and all(b == (a[0], a[1] + 1) for a, b in zip(known, known[1:]))
    return f"{minors[0]} to {minors[-1]}" if whole else ", ".join(minors)


def goldens(root):
    """{clause: what CPython said, and when}"""
    found = {}
    for file in sorted((root / "reference").rglob("*.golden.json")):
        recorded = json.loads(file.read_text(encoding="utf-8"))
        for name, case in recorded["cases"].items():
            outcomes = f", {len(case['outcomes'])} outcomes" if "outcomes" in case else ""
            found[name] = f"CPython {versions(case['cpython'])}{outcomes}, recorded {recorded['recorded']}"
    return found


class Layer:
    """An entry of conformance/layers.toml."""

    def __init__(self, entry):
        self.kind, self.module, self.tests = entry["kind"], entry["module"], entry["tests"]
        self.by_parameter = entry.get("parameters", {})
        self.of_all = entry.get("primitives", [])

    def primitives(self):
        return self.of_all or list(dict.fromkeys(self.by_parameter.values()))

    def fits(self, test):
        """`test`: Suite.Test, without its instantiation."""
        return any(fnmatch.fnmatchcase(test, pattern) for pattern in self.tests)

    def tried_by(self, name):
        """The primitives that this test of a soak tries: Queues/QueueStress.Blocking/SimpleQueue."""
        test = re.match(r"(?:\w+/)?(\w+\.\w+)", name)[1]
        if not self.fits(test):
            return []
        parameter = name.partition(test)[2].removeprefix("/")
        return self.of_all or [one for pattern, one in self.by_parameter.items() if fnmatch.fnmatchcase(parameter, pattern)]


def declared(root):
    file = root / "conformance/layers.toml"
    return [Layer(entry) for entry in tomllib.loads(file.read_text(encoding="utf-8"))["layer"]] if file.exists() else []


def generated(layers, soaks):
    """{primitive: {kind: Generated}}"""
    found, soaked = {}, {one["module"]: one for one in soaks}
    for layer in layers:
        soak = soaked.get(layer.module)
        for primitive in layer.primitives():
            one = found.setdefault(primitive, {}).setdefault(layer.kind, Generated(layer.module))
            for name, count in (soak["counts"] if soak else {}).items():
                if primitive in layer.tried_by(name):
                    one.add(count, soak)
    return found


class Generated:
    """What the generated tests of one kind have tried of a primitive."""

    def __init__(self, module):
        self.command, self.counts, self.when = f"scripts/soak --module {module}", {}, None

    def add(self, count, soak):
        self.counts[count["what"]] = self.counts.get(count["what"], 0) + count["count"]
        self.when = soak["started"][:10]

    def text(self):
        counted = ", ".join(f"{count:,} {what}" for what, count in self.counts.items())
        return f"{counted} in the soak of {self.when}" if counted else NO_SOAK

    def short(self):
        return "\u00a0+\u00a0".join(map(rounded, self.counts.values())) or "in tests"


def rounded(count):
    """4560 as "4.56 k", in one piece."""
    for size, unit in ((1e6, "\u00a0M"), (1e3, "\u00a0k")):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return str(count)


class Column:
    """What became of the clauses somewhere: on a target, under a sanitizer.

    `again`: the command that runs all of them, `one`: the one for {module}, or for {id}, or for its {pattern}.
    """

    def __init__(self, name, about, document, again, one):
        self.name, self.about, self.again, self.one = name, about, again, one
        self.by_programs = ports.by_programs(document)
        self.statuses = ports.statuses(document)
        self.says = {id: remark["says"] for id, remark in document["remarks"].items()}
        self.logged = {id: remark["transcript"] for id, remark in document["remarks"].items() if "transcript" in remark}


def targets(root):
    """Those that are committed; and the implementations behind the runners' protocol, of which no doctor knows facts."""
    found = [], []
    for one in load(root / "conformance/ports", "*.json"):
        about = f"{one['toolchain']}, {one['mode']}, {one['when']}, commit {commits.age(root, one['commit'])}"
        column = Column(one["target"], about, one, one["again"], ports.template(one))
        found[column.by_programs].append(column)
    return found


def sanitizers(root):
    """Those that are committed."""
    return [Column(f"{one['sanitizer'].replace(',', ' + ')} sanitizer",
                   f"{one['toolchain']}, {one['target']}, {one['when'][:10]}, commit {commits.age(root, one['commit'])}", one,
                   f"scripts/test --preset {one['preset']} --reduced",
                   f"scripts/test --preset {one['preset']} --reduced -R '^{{pattern}}$'")
            for one in load(root / "conformance/results", "sanitizer-*.json")]


class Implementations:
    """conformance/results/implementations.json: who says what the golden says."""

    def __init__(self, root):
        (data,) = load(root / "conformance/results", "implementations.json") or [{}]
        self.data = data
        self.names, self.answers = data.get("implementations", []), data.get("answers", {})
        self.letters = {id: row for cases in data.get("clauses", {}).values() for id, row in cases.items()}


class Layers:
    def __init__(self, root):
        self.goldens, self.mutations = goldens(root), load(root / "conformance/results", "mutations-*.json")
        self.soaks = load(root / "conformance/results", "soak-*.json")
        self.generated = generated(declared(root), self.soaks)
        self.targets, self.behind_protocol = targets(root)
        self.sanitizers = sanitizers(root)
        self.implementations = Implementations(root)
