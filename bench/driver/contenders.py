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
UVLOOP = "uvloop"  # a CPython whose asyncio has that loop in place of its own
SYSTEM_PYTHON = "/usr/bin/python3"  # has what the distribution packages, whichever python3 comes first on the PATH


@dataclass
class Contender:
    impl: str
    kind: str  # ours, peer, limit or cpython; machine: a kernel
    command: list  # without --scale and --min-time
    shown: list = field(default_factory=list)  # the same for people, on any machine
    bounds: bool = True  # whether floors are about it; its ratio stands in the table either way


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


def _interpreters():
    """How the conformance suite finds CPythons."""
    spec = importlib.util.spec_from_file_location("interpreters",
                                                  ROOT / "reference" / "interpreters.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def find_pythons():
    """Every CPython from 3.8 on, oldest first; python3."""
    module = _interpreters()
    return module.find(), module.start("python3")


def _uvloop_of(interpreter):
    """The version of what that CPython imports; "": it has none."""
    try:
        asked = subprocess.run([interpreter.command, "-c", "import uvloop; print(uvloop.__version__)"], capture_output=True,
                               text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def find_uvloop(rows, interpreters, system=SYSTEM_PYTHON):
    """(who runs it, as peers.json has it): the newest of these CPythons that has uvloop, or the system's; None: nobody.

    To ask is to start each of them: it is not done where no row would be run.
    """
    if not any(map(has_loop, rows)):
        return None, []
    last = _interpreters().start(system)
    for one in [*reversed(interpreters), *([last] if last else [])]:
        version = _uvloop_of(one)
        if version:
            return one, [{"peer": UVLOOP, "found": True, "version": f"{version}, CPython {one}"}]
    return None, [{"peer": UVLOOP, "found": False, "version": "", "package": "python3-uvloop", "impls": [UVLOOP],
                   "rows": "^(start[.])?asyncio"}]


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


def has_loop(row):
    """Whether it is one of asyncio, which CPython can run on another loop."""
    return row.python.startswith("asyncio/")


def with_uvloop(interpreter, row):
    """[Contender] of a row of asyncio, else []. Floors are about CPython as it comes."""
    if not interpreter or not has_loop(row):
        return []
    plain, loop = from_python(interpreter, row), ["--loop", UVLOOP]
    return [replace(plain, impl=UVLOOP, command=[*plain.command, *loop], shown=[*plain.shown, *loop], bounds=False)]


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


def find(rows, programs_dir, interpreters, uvloop=None):
    """{row id: [Contender]}, ours first."""
    by_program, found = _by_program(rows, programs_dir), {}
    for row in rows:
        native = by_program[row.program].get(row.runs or row.id, [])
        native = sorted(native, key=lambda contender: contender.kind != "ours")
        if row.processors:
            native = [on(row.processors, one) for one in native if one.kind != "limit"]  # these spin until the other runs
        found[row.id] = native + [from_python(one, row) for one in interpreters if row.python] + with_uvloop(uvloop, row)
    return found


def load_json(file, otherwise):
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return otherwise
