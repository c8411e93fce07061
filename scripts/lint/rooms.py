#!/usr/bin/env python3
"""One name, six rooms: what spec/<module>/<primitive>.toml names has its place in every room.

Nothing stands in a room without a spec. A primitive may do without a source and without a benchmark.
"""
import os

import tree

ROOMS = {
    "spec": "spec/%s.toml",
    "reference": "reference/%s.py",
    "header": "impl/include/tandem/%s.hpp",
    "conformance": "conformance/%s_test.cpp",
}
OPTIONAL = {
    "source": "impl/src/%s.cpp",
    "bench": "bench/%s.cpp",
    "bench in Python": "bench/%s.py",
}
# What several primitives of a module share is no primitive.
SHARED = {
    "asyncio/cancelling", "asyncio/connect", "asyncio/loop_state", "asyncio/pipe_transport", "asyncio/process_transport", "asyncio/server",
    "asyncio/sleep_timer", "asyncio/socket_transport", "asyncio/support", "asyncio/waiter",
    "queue/exceptions", "queue/flows", "queue/support",
    "threading/alone", "threading/excepthook", "threading/pingpong", "threading/registry", "threading/support",
    "threading/thread_state",
    "subprocess/child", "subprocess/communicate", "subprocess/launch", "subprocess/streams", "subprocess/support",
    "subprocess/text", "subprocess/writer",
    "pickle/exceptions", "pickle/input", "pickle/modules", "pickle/output", "pickle/support",
    "multiprocessing/async_state", "multiprocessing/byte_queue", "multiprocessing/caller", "multiprocessing/challenge", "multiprocessing/container_proxies",
    "multiprocessing/manager_client", "multiprocessing/manager_server", "multiprocessing/manager_wire", "multiprocessing/pool_proxy", "multiprocessing/proxy",
    "multiprocessing/sync_proxies", "multiprocessing/common", "multiprocessing/digest", "multiprocessing/feed", "multiprocessing/finalizer", "multiprocessing/fork",
    "multiprocessing/forkserver", "multiprocessing/holder", "multiprocessing/imap_state", "multiprocessing/preparation",
    "multiprocessing/registry", "multiprocessing/ring", "multiprocessing/ring_transport", "multiprocessing/run",
    "multiprocessing/running", "multiprocessing/segments", "multiprocessing/shared_block", "multiprocessing/spawn",
    "multiprocessing/turns", "multiprocessing/task_board",
    "multiprocessing/stream_transport", "multiprocessing/support", "multiprocessing/tracker",
    "multiprocessing/transport", "multiprocessing/worker", "multiprocessing/workers",
    "concurrent/futures/exceptions", "concurrent/futures/future_set", "concurrent/futures/state",
    "concurrent/futures/support", "concurrent/futures/watch",
    "asyncio/support",
}


def names_in(root, pattern):
    """The primitives that a room holds: queue/simple_queue, …"""
    before, after = pattern.split("%s")
    names = []
    for module in tree.MODULES:
        folder = os.path.join(root, before, module)
        if not os.path.isdir(folder):
            continue
        for file in sorted(os.listdir(folder)):
            name = module + "/" + file[:-len(after)]
            if file.endswith(after) and name not in SHARED and not file.startswith("_"):
                names.append(name)
    return names


def check(root):
    rooms = {room: names_in(root, pattern) for room, pattern in ROOMS.items()}
    spec = set(rooms["spec"])
    complaints = ["%s: is missing, though %s has a spec" % (ROOMS[room] % name, name)
                  for room, names in rooms.items() for name in spec - set(names)]
    for pattern in [*ROOMS.values(), *OPTIONAL.values()]:
        complaints += ["%s: has no spec" % (pattern % name)
                       for name in names_in(root, pattern) if name not in spec]
    for module in {name.rpartition("/")[0] for name in spec}:
        header = "impl/include/tandem/%s.hpp" % module.rpartition("/")[2]
        if not os.path.exists(os.path.join(root, header)):
            complaints.append("%s: is missing, though %s has a spec" % (header, module))
    return sorted(complaints), len(spec)


if __name__ == "__main__":
    tree.finish("rooms", *check(tree.ROOT))
