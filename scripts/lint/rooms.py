#!/usr/bin/env python3
"""One name, six rooms: what spec/<module>/<primitive>.toml names has its place in every room.

Nothing stands in a room without a spec; the bench is free to leave a primitive out.
"""
import os

import tree

ROOMS = {
    "spec": "spec/%s.toml",
    "reference": "reference/%s.py",
    "header": "impl/include/tandem/%s.hpp",
    "conformance": "conformance/%s_test.cpp",
}
# What several primitives of a module share is no primitive.
SHARED = {"exceptions", "options", "future_set"}


def names_in(root, pattern):
    """The primitives that a room holds: queue/simple_queue, …"""
    before, after = pattern.split("%s")
    names = []
    for module in tree.MODULES:
        folder = os.path.join(root, before, module)
        if not os.path.isdir(folder):
            continue
        for file in sorted(os.listdir(folder)):
            stem = file[:-len(after)]
            if file.endswith(after) and stem not in SHARED and not file.startswith("_"):
                names.append(module + "/" + stem)
    return names


def check(root):
    rooms = {room: names_in(root, pattern) for room, pattern in ROOMS.items()}
    spec = set(rooms["spec"])
    complaints = []
    for room, names in rooms.items():
        missing = sorted(spec - set(names))
        complaints += ["%s: is missing, though %s has a spec" % (ROOMS[room] % name, name)
                       for name in missing]
        complaints += ["%s: has no spec" % (ROOMS[room] % name) for name in names if name not in spec]
    for module in {name.rpartition("/")[0] for name in spec}:
        header = "impl/include/tandem/%s.hpp" % module.rpartition("/")[2]
        if not os.path.exists(os.path.join(root, header)):
            complaints.append("%s: is missing, though %s has a spec" % (header, module))
    return sorted(complaints), len(spec)


if __name__ == "__main__":
    tree.finish("rooms", *check(tree.ROOT))
