"""Runs the twins of one file under one CPython: one fresh interpreter per file, one fork of it per case.

A case that raises, hangs or kills its process is that case's result and no other's; process-wide counters (thread
names, executor names) start afresh for each, as they do for a C++ case, which has a process of its own too.
"""

import importlib.util
import json
import os
import select
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
# Where twins and goldens, and where clauses stand: for tests, and for trees that are elsewhere, as in the C++ harness.
ROOM = os.path.abspath(os.environ.get("TANDEM_REFERENCE_DIR") or HERE)
SPEC = os.path.abspath(os.environ.get("TANDEM_SPEC_DIR") or os.path.join(os.path.dirname(HERE), "spec"))
# How long a case may take: beyond the longest named time, unless told.
CASE_SECONDS = 30
LIMIT = "TANDEM_TWIN_SECONDS"
# What the twins of a module share; the twin of conformance/<module>/support.hpp.
SUPPORT = "support.py"
# Names the file to the children that multiprocessing starts: they run this program again as __mp_main__.
TWIN = "TANDEM_TWIN"
EVERY_VERSION = "--every-version"


def primitive_of(twin):
    """reference/queue/queue.py -> queue/queue"""
    return os.path.relpath(os.path.abspath(twin), ROOM)[: -len(".py")].replace(os.sep, "/")


def golden_of(primitive):
    return os.path.join(ROOM, *primitive.split("/")) + ".golden.json"


def support_of(twin):
    """reference/queue/queue.py -> reference/queue/support.py, or None."""
    path = os.path.join(os.path.dirname(os.path.abspath(twin)), SUPPORT)
    return path if os.path.exists(path) else None


def all_twins():
    """Every twin file. Examples, what twins share and the tools beside this file are none."""
    files = []
    for folder, names, entries in os.walk(ROOM):
        names[:] = sorted(name for name in names if not name.startswith(("_", ".")))
        if os.path.abspath(folder) == ROOM:
            names[:] = [name for name in names if name != "examples"]
            continue
        own = sorted(entry for entry in entries if entry.endswith(".py") and entry != SUPPORT)
        files += [os.path.join(folder, entry) for entry in own]
    return files


def clauses_of(primitive):
    import toml_subset

    path = os.path.join(SPEC, *primitive.split("/")) + ".toml"
    if not os.path.exists(path):
        return {}
    return {clause["id"]: clause for clause in toml_subset.load(path).get("clause", []) if "id" in clause}


def run(interpreter, twin, only=None, every_version=False, seconds=None):
    """{id: {says, status, transcript, error}} with status done, error, timeout, crash or not-for-this-version.

    `every_version`: also outside of since and until. `seconds`: a limit for each case.
    """
    command = [interpreter.command, os.path.join(HERE, "twins.py"), twin] + sorted(only or [])
    command += [EVERY_VERSION] if every_version else []
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0", PYTHONIOENCODING="utf-8")
    if seconds:
        environment[LIMIT] = str(seconds)
    child = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env=environment)
    if child.returncode != 0:
        why = child.stderr.decode(errors="replace")
        raise RuntimeError("%s does not load under CPython %s:\n%s" % (twin, interpreter, why))
    results = [json.loads(line) for line in child.stdout.decode("utf-8").splitlines()]
    return {result["id"]: result for result in results}


def _load(twin):
    sys.path.append(HERE)
    import case

    if support_of(twin):
        _load_file("support", support_of(twin))
    _load_file("twin", twin)
    return case


def _load_file(name, path):
    """By its path: its folder has a queue.py or thread.py, which must not be found in place of Python's."""
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def _applies(entry, clauses):
    from interpreters import holds_for

    clause = clauses.get(entry["id"], {})
    version = sys.version_info[:3]
    return all(holds_for(version, where.get("since"), where.get("until")) for where in (entry, clause))


def _run_in_fork(case, id):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.setpgid(0, 0)
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            pipe.write(json.dumps(case.run(id)) + "\n")
        os._exit(0)
    os.close(writer)
    seconds = float(os.environ.get(LIMIT) or CASE_SECONDS + 60 * case.times.scale)
    text, ended = _read_line(reader, seconds)
    os.close(reader)
    # Whoever names a limit expects that there are cases which hang.
    where = "" if ended or os.environ.get(LIMIT) else where_it_hangs(child, id, seconds)
    _kill(child)
    status = os.waitpid(child, 0)[1]
    if text.endswith(b"\n"):
        return json.loads(text.decode("utf-8"))
    if not ended:
        return {"transcript": [], "error": "timeout: no end in sight\n" + where, "status": "timeout"}
    return {"transcript": [], "error": "the process ended with wait status %d" % status, "status": "crash"}


def where_it_hangs(child, name, seconds):
    """Of a process whose time is up, and of those below it; before it is killed."""
    _load_file("hangs", os.path.join(os.path.dirname(HERE), "scripts", "lib", "hangs.py"))
    return sys.modules["hangs"].told(child, name, seconds)


def _kill(child):
    for act in (os.killpg, os.kill):
        try:
            act(child, signal.SIGKILL)
        except OSError:
            pass


def _read_line(reader, seconds):
    import time

    text, deadline = b"", time.monotonic() + seconds
    while not text.endswith(b"\n"):
        ready = select.select([reader], [], [], max(0, deadline - time.monotonic()))[0]
        chunk = os.read(reader, 65536) if ready else b""
        text += chunk
        if not chunk:
            return text, bool(ready)
    return text, True


def _with_usual_signals():
    """Whoever calls this from `nohup`, or in a shell's background, has signals ignored that cases send."""
    usual = {signal.SIGHUP: signal.SIG_DFL, signal.SIGQUIT: signal.SIG_DFL, signal.SIGTERM: signal.SIG_DFL,
             signal.SIGINT: signal.default_int_handler}
    for number, action in usual.items():
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, action)


def _main(twin, only):
    _with_usual_signals()
    every_version = EVERY_VERSION in only
    only = only - {EVERY_VERSION}
    # What a twin prints must not get between the results.
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.environ[TWIN] = twin
    case = _load(twin)
    clauses = clauses_of(primitive_of(twin))
    for entry in case.registered():
        if only and entry["id"] not in only:
            continue
        result = {"id": entry["id"], "says": entry["says"], "status": "not-for-this-version",
                  "transcript": [], "error": None}
        if every_version or _applies(entry, clauses):
            result.update(_run_in_fork(case, entry["id"]) if hasattr(os, "fork") else case.run(entry["id"]))
            if result["status"] == "not-for-this-version":
                result["status"] = "error" if result["error"] else "done"
        print(json.dumps(result), file=results, flush=True)


if __name__ == "__mp_main__" and TWIN in os.environ:
    _load(os.environ[TWIN])
if __name__ == "__main__":
    _main(os.path.abspath(sys.argv[1]), set(sys.argv[2:]))
