#!/usr/bin/env python3
"""Every seeded fault can be seeded, and every MUST has one, or a reason why not.

Whether the faults are killed says scripts/faults.
"""
import os
import sys

import tree

sys.path.append(os.path.join(tree.ROOT, "scripts", "lib"))
import fault_files


def check(root):
    complaints = [*fault_files.complaints(root), *fault_files.unanswered(root)]
    rooms = fault_files.parsed(root)
    return complaints, sum(len(room.get("fault", [])) for room in rooms.values())


if __name__ == "__main__":
    tree.finish("faults", *check(tree.ROOT))
