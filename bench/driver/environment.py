"""What was measured on. What can't be read is "unknown", never guessed."""
import glob
import hashlib
import json
import math
import os
import platform
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from topology import CPU, affinity, allowed, read

sys.path.append(str(Path(__file__).resolve().parent.parent.parent / "scripts/lib"))
import commits  # noqa: E402

UNKNOWN = "unknown"
GROUPS = Path("/sys/fs/cgroup")


def text(path):
    return read(path) or UNKNOWN


def _cpuinfo(key):
    match = re.search(rf"^{key}\s*:\s*(.+)$", text("/proc/cpuinfo"), re.M)
    return match.group(1) if match else UNKNOWN


def _model():
    model = _cpuinfo("model name")
    return model if model != UNKNOWN else (platform.processor() or UNKNOWN)


def _hypervisor():
    if "hypervisor" not in _cpuinfo("flags").split():
        return text("/sys/hypervisor/type") if _cpuinfo("flags") == UNKNOWN else "none"
    vendor = text("/sys/class/dmi/id/sys_vendor")
    return "yes" if vendor == UNKNOWN else vendor


def topology():
    """Packages, cores, processors; the threads of each core."""
    packages, cores = set(), {}
    for folder in sorted(glob.glob(str(CPU / "cpu[0-9]*" / "topology"))):
        package = text(folder + "/physical_package_id")
        packages.add(package)
        cores.setdefault((package, text(folder + "/core_id")), []).append(folder)
    if not cores:
        return {"packages": UNKNOWN, "cores": UNKNOWN, "processors": os.cpu_count() or UNKNOWN}
    return {"packages": len(packages), "cores": len(cores),
            "processors": sum(len(threads) for threads in cores.values())}


def caches():
    """{"L1d": "32K", …} of the first processor, with the processors that share it."""
    found = {}
    for folder in sorted(glob.glob(str(CPU / "cpu0/cache/index*"))):
        kind = {"Data": "d", "Instruction": "i"}.get(text(folder + "/type"), "")
        found["L" + text(folder + "/level") + kind] = (
            f"{text(folder + '/size')} shared by {text(folder + '/shared_cpu_list')}")
    return found or UNKNOWN


def _groups():
    """The folders of this process's group and of those above it, the nearest first; none where groups are of the older kind."""
    match = re.search(r"^0::(.*)$", text("/proc/self/cgroup"), re.M)
    group = PurePosixPath(match.group(1) or "/") if match else None
    return [GROUPS / str(one).lstrip("/") for one in (group, *group.parents)] if group else []


def quota():
    """The processors' worth of time that the tightest of its groups is given; None: there is no limit, or nobody says."""
    older = [[text(GROUPS / "cpu/cpu.cfs_quota_us"), text(GROUPS / "cpu/cpu.cfs_period_us")]]
    pairs = [text(folder / "cpu.max").split() for folder in _groups()] or older
    return min((int(pair[0]) / int(pair[1]) for pair in pairs if len(pair) == 2 and all(map(str.isdecimal, pair))), default=None)


NO_LIMIT = 1 << 60  # bytes; what groups of the older kind say where there is none is somewhat below 2⁶³


def memory_limit():
    """The memory that the tightest of its groups may have, of the newer kind or of the older."""
    match = re.search(r"^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:/(.*)$", text("/proc/self/cgroup"), re.M)
    older = PurePosixPath(match.group(1)) if match else None
    said = [text(folder / "memory.max") for folder in _groups()]
    said += [text(GROUPS / "memory" / one / "memory.limit_in_bytes") for one in ([older, *older.parents] if match else [])]
    limits = [int(one) for one in said if one.isdecimal() and int(one) < NO_LIMIT]
    if limits:
        return f"{min(limits) / 2**30:.3g} GiB"
    return "none" if set(said) - {UNKNOWN} else UNKNOWN


def processors():
    """How many threads can run at once: as many as may be used, and as the quota pays for."""
    count, most = len(allowed()), quota()
    return min(count, math.ceil(most)) if most else count


def cgroup():
    """What its groups allow."""
    groups, most = _groups(), quota()
    said = (GROUPS / "cgroup.controllers").exists() if groups else text(GROUPS / "cpu/cpu.cfs_quota_us") != UNKNOWN
    memory = memory_limit()
    cpusets = [text(folder / "cpuset.cpus.effective") for folder in groups]
    return {"cpu_quota": f"{most:g} processors" if most else "none" if said else UNKNOWN,
            "cpuset": next((one for one in cpusets if one != UNKNOWN), UNKNOWN),
            "memory": memory if memory != UNKNOWN or not said else "none"}


def _turbo():
    boost = text(CPU / "cpufreq/boost")
    if boost != UNKNOWN:
        return "on" if boost == "1" else "off"
    no_turbo = text(CPU / "intel_pstate/no_turbo")
    return {"0": "on", "1": "off"}.get(no_turbo, UNKNOWN)


def _mitigations():
    found = {Path(file).name: text(file) for file in glob.glob(str(CPU / "vulnerabilities/*"))}
    return {name: state for name, state in sorted(found.items()) if state != "Not affected"} or (
        "none needed" if found else UNKNOWN)


def _memory():
    match = re.search(r"^MemTotal:\s*(\d+)", text("/proc/meminfo"), re.M)
    return f"{round(int(match.group(1)) / 2**20)} GiB" if match else UNKNOWN


def _chosen(value):
    """always [madvise] never: madvise"""
    match = re.search(r"\[(\w+)\]", value)
    return match.group(1) if match else value


def machine():
    """What makes two runs comparable, and is hashed."""
    return {
        "cpu": _model(),
        "architecture": platform.machine() or UNKNOWN,
        "microcode": _cpuinfo("microcode"),
        "hypervisor": _hypervisor(),
        "topology": topology(),
        "smt": text(CPU / "smt/control"),
        "caches": caches(),
        "memory": _memory(),
        "numa_nodes": text("/sys/devices/system/node/online"),
        "cgroup": cgroup(),
        "affinity": affinity() or UNKNOWN,
        "governor": text(CPU / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(),
        "kernel": f"{platform.system()} {platform.release()}",
        "mitigations": _mitigations(),
        "clocksource": text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "idle_driver": text(CPU / "cpuidle/current_driver"),
        "huge_pages": _chosen(text("/sys/kernel/mm/transparent_hugepage/enabled")),
    }


def machine_id(description):
    """Of all that it says; no limit of memory is what those that were described before limits were looked for say of it."""
    groups = description.get("cgroup")
    if isinstance(groups, dict) and groups.get("memory") in ("none", UNKNOWN):
        description = {**description, "cgroup": {key: value for key, value in groups.items() if key != "memory"}}
    canonical = json.dumps(description, sort_keys=True).encode()
    return hashlib.sha256(canonical).hexdigest()[:12]


def load():
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except OSError:
        return UNKNOWN


def capture(root, build, peers, interpreters):
    described, libc = machine(), " ".join(platform.libc_ver()).strip() or UNKNOWN
    return {
        "machine_id": machine_id(described),
        "machine": described,
        "system": _distribution(),
        "libc": libc,
        "compiler": build.get("compiler", UNKNOWN),
        "flags": build.get("flags", UNKNOWN).strip(),
        "build_type": build.get("build_type", UNKNOWN),
        "libraries": {**({"google-benchmark": build["benchmark"]} if build.get("benchmark") else {}),
                      **{one["peer"]: one["version"] or (libc if one["peer"] == "libc" else _packaged(one.get("package")))
                         for one in peers if one["found"]}},
        "missing_peers": [one for one in peers if not one["found"]],
        "cpython": [str(one) for one in interpreters],
        "load_before": load(),
        "commit": commits.head(root) or UNKNOWN,
    }


def _packaged(package):
    """Of a library that does not say its version itself."""
    if not package:
        return UNKNOWN
    try:
        asked = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    status, _, version = asked.stdout.partition(" ")
    return version if status == "installed" and version else UNKNOWN


def _distribution():
    match = re.search(r'^PRETTY_NAME="?([^"\n]+)', text("/etc/os-release"), re.M)
    return match.group(1) if match else UNKNOWN
