"""Who runs which row: our programs say it themselves, CPythons are looked for."""
import importlib.util
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from rows import BENCH

ROOT = BENCH.parent
OURS = "tandem"


@dataclass
class Contender:
    impl: str
    kind: str  # ours, peer, limit or cpython
    command: list  # without --scale and --min-time
    shown: list = field(default_factory=list)  # the same for people, on any machine


def shown_path(path):
    path = Path(path).resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def from_program(program):
    """{row id: [Contender]} as the program lists them."""
    listing = subprocess.run([program, "--list"], capture_output=True, text=True, timeout=30,
                             check=True)
    found = {}
    for line in listing.stdout.splitlines():
        entry = json.loads(line)
        arguments = ["--row", entry["row"], "--impl", entry["impl"]]
        found.setdefault(entry["row"], []).append(
            Contender(entry["impl"], entry["kind"], [str(program), *arguments],
                      [shown_path(program), *arguments]))
    return found


def find_pythons():
    """Every CPython from 3.8 on, oldest first, as the conformance suite finds them."""
    spec = importlib.util.spec_from_file_location("interpreters",
                                                  ROOT / "reference" / "interpreters.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.find(), module.start("python3")


def choose_pythons(found, usual, wanted, quick):
    """wanted: a list of minor versions or "all"; nothing: the newest and python3."""
    if not found:
        return []
    if wanted == "all" or (wanted is None and not quick):
        return found
    if wanted is None:
        names = {found[-1].minor} | ({usual.minor} if usual else set())
    else:
        names = set(wanted.split(","))
        missing = names - {one.minor for one in found}
        if missing:
            raise SystemExit(f"no CPython {', '.join(sorted(missing))} here")
    return [one for one in found if one.minor in names]


def pythons(wanted, quick):
    return [] if wanted == "none" else choose_pythons(*find_pythons(), wanted, quick)


def from_python(interpreter, row):
    script = BENCH / row.python
    arguments = ["--row", row.id]
    return Contender(f"cpython-{interpreter}", "cpython",
                     [interpreter.command, "-B", str(script), *arguments],
                     [f"python{interpreter.minor}", shown_path(script), *arguments])


def find(rows, programs_dir, interpreters):
    """{row id: [Contender]}, ours first."""
    by_program = {}
    for program in sorted({row.program for row in rows}):
        path = Path(programs_dir) / program
        by_program[program] = from_program(path) if path.exists() else {}
    found = {}
    for row in rows:
        native = by_program[row.program].get(row.id, [])
        native.sort(key=lambda contender: contender.kind != "ours")
        found[row.id] = native + [from_python(one, row) for one in interpreters if not row.part]
    return found


def load_json(file, otherwise):
    try:
        return json.loads(Path(file).read_text())
    except (OSError, ValueError):
        return otherwise
