"""What a public header reaches: itself and every header of ours that it includes, in turn."""
import os

import tree

PUBLIC = "impl/include/"


def public_headers(root):
    """As they are included: tandem/queue.hpp, …"""
    return [path[len(PUBLIC):] for path in tree.files(root, PUBLIC + "tandem", (".hpp",))]


def closure(root, header, seen=None):
    """Two sets: our own headers, and those of others."""
    own, foreign = seen or (set(), set())
    own.add(header)
    for _, included, angled in tree.includes(tree.read(root, PUBLIC + header)):
        if not os.path.exists(os.path.join(root, PUBLIC, included)):
            foreign.add(included)
        elif included not in own:
            closure(root, included, (own, foreign))
    return own, foreign
