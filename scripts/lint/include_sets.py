#!/usr/bin/env python3
"""Measures what each module's header pulls in: nobody pays for a module that was not asked for."""
import re

import closure
import tree

# A header may reach these only where its own name matches.
RESERVED = (
    (r"tandem/(pickle|core/pickle)|^(cereal|boost/pfr)/",
     r"tandem/(pickle|multiprocessing|(concurrent/)?futures/(process|detail/remote_task)|asyncio|tandem)\b"),
    (r"tandem/(multiprocessing|(concurrent/)?futures/process)",
     r"tandem/(multiprocessing|(concurrent/)?futures/(process|detail/remote_task)|asyncio|tandem)\b"),
    (r"tandem/subprocess", r"tandem/(subprocess|os|multiprocessing|(concurrent/)?futures/process|asyncio|tandem)\b"),
    (r"tandem/(concurrent/)?futures", r"tandem/(futures|concurrent/futures|asyncio|tandem)\b"),
    (r"^iostream$", r"^$"),
)


def check(root):
    headers = closure.public_headers(root)
    complaints = []
    for header in headers:
        own, foreign = closure.closure(root, header)
        for reserved, allowed in RESERVED:
            if re.match(allowed, header):
                continue
            complaints += ["%s: reaches %s" % (header, name)
                           for name in sorted(own | foreign) if re.match(reserved, name)]
    return complaints, len(headers)


def measure(root):
    print("%-28s %8s %8s %8s" % ("header", "ours", "lines", "others"))
    for header in closure.public_headers(root):
        if header.count("/") == 1:
            own, foreign = closure.closure(root, header)
            lines = sum(tree.read(root, closure.PUBLIC + name).count("\n") for name in own)
            print("%-28s %8d %8d %8d" % (header, len(own), lines, len(foreign)))


if __name__ == "__main__":
    measure(tree.ROOT)
    tree.finish("include sets", *check(tree.ROOT))
