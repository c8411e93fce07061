#!/usr/bin/env python3
"""Every seeded fault can be seeded. What every MUST still lacks, a fault or a reason why not, is listed: no complaint yet.

Whether the faults are killed says scripts/faults.
"""
import os
import sys

import tree

sys.path.append(os.path.join(tree.ROOT, "scripts", "lib"))
import fault_files


def check(root):
    still = [*fault_files.without_a_file(root), *fault_files.unanswered(root)]
    print("".join("to do: %s\n" % one for one in still), end="")
    complaints = list(fault_files.complaints(root))
    rooms = fault_files.parsed(root)
    return complaints, sum(len(room.get("fault", [])) for room in rooms.values())


if __name__ == "__main__":
    tree.finish("faults", *check(tree.ROOT))
