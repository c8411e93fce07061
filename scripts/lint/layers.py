#!/usr/bin/env python3
"""Includes go down only; the system is touched under impl/src/platform/ alone, other threads and time
through the seam.

platform, core, threading, queue, …, concurrent/futures, asyncio: each uses what stands before it.
"""
import re

import tree

COMPILER_HEADERS = {"cxxabi.h", "immintrin.h"}
SYSTEM_MACRO = re.compile(r"\b(__linux__|__APPLE__|__unix__|_WIN32|__FreeBSD__)\b")
# They cannot be parked on with our deadlines, nor counted, nor explored.
STANDARD_WAITING = re.compile(
    r"\bstd::((?:recursive_|shared_|timed_|recursive_timed_|shared_timed_)?mutex"
    r"|condition_variable(?:_any)?|counting_semaphore|binary_semaphore|latch|barrier)\b")
# The scheduler would not know of them (impl/include/tandem/platform/seam.hpp).
AROUND_THE_SEAM = re.compile(
    r"\bstd::(?:atomic\w*|jthread|thread|this_thread|call_once|async)\b"
    r"|\b(?:steady|system|high_resolution)_clock\b|\bTANDEM_SCHEDULED\b")
THREAD_LOCAL = re.compile(r"^(?!\s*extern\b).*\bthread_local\b[^;={(]*?(\w+)\s*[;={(]", re.M)
# The block pool does without caches over the scheduler. A thread that threading did not start has its
# handle in a thread_local; over the scheduler the registry keeps it alive, too.
# A thread's own context is in one as well; none is set over the scheduler.
EXEMPT = {"impl/src/core/block_pool.cpp", "impl/src/core/context_var.cpp", "impl/src/threading/thread.cpp"}


def layer_of(path):
    """The layer of a file of impl/ or of a header as it is included; None: above them all."""
    path = re.sub(r"^(impl/include/tandem/|impl/src/|tandem/)", "", path)
    path = re.sub(r"^futures\b", "concurrent/futures", path)
    path = re.sub(r"\.hpp$", "/", path)
    for layer in tree.LAYERS:
        if path.startswith(layer + "/"):
            return layer
    return None


def is_ours(header, quoted):
    return quoted or header.startswith("tandem/")


def check_include(path, header, angled):
    layer = layer_of(path)
    if not is_ours(header, not angled):
        is_system = (header.endswith(".h") or "/" in header) and header not in COMPILER_HEADERS
        if is_system and layer != "platform":
            return "<%s>: the system's headers stay under impl/src/platform/" % header
        return None
    if path.startswith("impl/include/") and not header.startswith("tandem/"):
        return '"%s": a public header includes what is not installed' % header
    if layer is None:
        return None
    below = layer_of(header)
    if below is None:
        return '"%s": %s is below it' % (header, layer)
    if tree.LAYERS.index(below) > tree.LAYERS.index(layer):
        return '"%s": %s is above %s' % (header, below, layer)
    return None


def check_seam(path, code):
    if path not in EXEMPT:
        for number, match in tree.line_matches(AROUND_THE_SEAM, code):
            yield "%s:%d: %s: through the seam, or in impl/src/platform/" % (path, number, match.group())
        for number, match in tree.line_matches(THREAD_LOCAL, code):
            if not re.search(r"\bseam::thread_word\(%s\)" % match.group(1), code):
                yield "%s:%d: %s: a thread_local unknown to seam::thread_word()" % (path, number, match.group(1))


def check_implementation(root, path):
    text = tree.read(root, path)
    for number, header, angled in tree.includes(text):
        wrong = check_include(path, header, angled)
        if wrong:
            yield "%s:%d: %s" % (path, number, wrong)
    code = tree.without_comments(text)
    if layer_of(path) != "platform":
        for number, match in tree.line_matches(SYSTEM_MACRO, code):
            yield "%s:%d: %s: split by file, under impl/src/platform/" % (path, number, match.group())
        yield from check_seam(path, code)
    for number, match in tree.line_matches(STANDARD_WAITING, code):
        yield "%s:%d: %s: use our own, which waits as Python does" % (path, number, match.group())


def check_outsider(root, path):
    for number, header, angled in tree.includes(tree.read(root, path)):
        if header.startswith("platform/") or "impl/" in header:
            yield "%s:%d: \"%s\": only public headers here" % (path, number, header)


def check(root):
    inside = tree.files(root, "impl/include", tree.SOURCES) + tree.files(root, "impl/src", tree.SOURCES)
    outside = [path for room in ("conformance", "bench")
               for path in tree.files(root, room, tree.SOURCES)]
    complaints = [text for path in inside for text in check_implementation(root, path)]
    complaints += [text for path in outside for text in check_outsider(root, path)]
    return complaints, len(inside) + len(outside)


if __name__ == "__main__":
    tree.finish("layers", *check(tree.ROOT))
