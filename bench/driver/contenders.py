"""Who runs which row: our programs say it themselves, CPythons are looked for."""
import importlib.util
import json
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

from rows import BENCH

ROOT = BENCH.parent
OURS = "tandem"
MACHINE = "machine"  # who runs a kernel


@dataclass
class Contender:
    impl: str
    kind: str  # ours, peer, limit or cpython; machine: a kernel
    command: list  # without --scale and --min-time
    shown: list = field(default_factory=list)  # the same for people, on any machine


def shown_path(path):
    path = Path(path).resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def from_program(program):
    """{row id: [Contender]} as the program lists them."""
    try:
        listing = subprocess.run([program, "--list"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:  # built for another system, or a library is no longer there
        raise SystemExit(f"{shown_path(program)} does not say what it has: {getattr(error, 'stderr', '') or error}") from None
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


def on(processors, contender):
    """The same on these processors only."""
    only = ["taskset", "-c", ",".join(map(str, processors))]
    return replace(contender, command=[*only, *contender.command], shown=[*only, *contender.shown])


def _by_program(rows, programs_dir):
    """{program: what from_program() finds in it}"""
    paths = {program: Path(programs_dir) / program for program in sorted({row.program for row in rows})}
    return {program: from_program(path) if path.exists() else {} for program, path in paths.items()}


def kernel_contenders(kernels, programs_dir):
    """{kernel's id: [what runs it]}"""
    by_program = _by_program(kernels, programs_dir)
    return {kernel.id: by_program[kernel.program].get(kernel.id, []) for kernel in kernels}


def find(rows, programs_dir, interpreters):
    """{row id: [Contender]}, ours first."""
    by_program, found = _by_program(rows, programs_dir), {}
    for row in rows:
        native = by_program[row.program].get(row.runs or row.id, [])
        native = sorted(native, key=lambda contender: contender.kind != "ours")
        if row.processors:
            native = [on(row.processors, one) for one in native if one.kind != "limit"]  # these spin until the other runs
        found[row.id] = native + [from_python(one, row) for one in interpreters if row.python]
    return found


def load_json(file, otherwise):
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return otherwise
