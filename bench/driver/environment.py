"""What was measured on. What can't be read is "unknown", never guessed."""
import glob
import hashlib
import json
import os
import platform
import re
import subprocess
from pathlib import Path

UNKNOWN = "unknown"
CPU = Path("/sys/devices/system/cpu")


def text(path):
    try:
        return Path(path).read_text().strip() or UNKNOWN
    except OSError:
        return UNKNOWN


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


def cgroup():
    """The limits of this process's group and of those above it; the tightest quota counts."""
    match = re.search(r"^0::(.*)$", text("/proc/self/cgroup"), re.M)
    if not match:
        quota = text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
        return {"cpu_quota": quota if quota != "-1" else "none", "cpuset": UNKNOWN}
    group, quotas, cpuset = match.group(1), [], UNKNOWN
    while True:
        folder = "/sys/fs/cgroup" + group.rstrip("/")
        quota = text(folder + "/cpu.max").split()
        if len(quota) == 2 and quota[0] != "max":
            quotas.append(int(quota[0]) / int(quota[1]))
        if cpuset == UNKNOWN:
            cpuset = text(folder + "/cpuset.cpus.effective")
        if group in ("", "/"):
            break
        group = group.rpartition("/")[0]
    readable = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    return {"cpu_quota": f"{min(quotas):g} processors" if quotas else "none" if readable else UNKNOWN,
            "cpuset": cpuset}


def _affinity():
    try:
        return sorted(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return UNKNOWN


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


def commit(root):
    def git(*arguments):
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True)
    try:
        head, state = git("rev-parse", "--short=12", "HEAD"), git("status", "--porcelain")
    except OSError:
        return UNKNOWN
    if head.returncode != 0:
        return UNKNOWN
    return head.stdout.strip() + (" with changes" if state.stdout.strip() else "")


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
        "affinity": _affinity(),
        "governor": text(CPU / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(),
        "kernel": f"{platform.system()} {platform.release()}",
        "mitigations": _mitigations(),
        "clocksource": text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "idle_driver": text(CPU / "cpuidle/current_driver"),
        "huge_pages": _chosen(text("/sys/kernel/mm/transparent_hugepage/enabled")),
    }


def machine_id(description):
    canonical = json.dumps(description, sort_keys=True).encode()
    return hashlib.sha256(canonical).hexdigest()[:12]


def load():
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except OSError:
        return UNKNOWN


def capture(root, build, peers, interpreters):
    described = machine()
    return {
        "machine_id": machine_id(described),
        "machine": described,
        "system": _distribution(),
        "libc": " ".join(platform.libc_ver()).strip() or UNKNOWN,
        "compiler": build.get("compiler", UNKNOWN),
        "flags": build.get("flags", UNKNOWN).strip(),
        "build_type": build.get("build_type", UNKNOWN),
        "libraries": {one["peer"]: one["version"] or UNKNOWN for one in peers if one["found"]},
        "missing_peers": [one for one in peers if not one["found"]],
        "cpython": [str(one) for one in interpreters],
        "load_before": load(),
        "commit": commit(root),
    }


def _distribution():
    match = re.search(r'^PRETTY_NAME="?([^"\n]+)', text("/etc/os-release"), re.M)
    return match.group(1) if match else UNKNOWN
