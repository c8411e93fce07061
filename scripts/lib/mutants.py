"""A copy of the sources in which every fault is a choice at run time: TANDEM_FAULT=id chooses one."""

import os

import evidence

COPIED = ("CMakeLists.txt", "impl", "conformance", "reference", "spec", "scripts/cmake")
HEADER = "fault.hpp"
NESTABLE = ("statement", "expression", "condition")

# One look at the environment for each fault. Whoever asks for it hears of it when the place is reached.
HEADER_TEXT = '''#pragma once
#if __cplusplus >= 202002L  // not so while CMake tries the compiler
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace tandem_faults {

template <std::size_t size>
struct Id {
  char text[size];
  constexpr Id(const char (&id)[size]) {
    for (std::size_t i = 0; i < size; ++i) text[i] = id[i];
  }
};

inline void tell() noexcept {
  if (const char* file = std::getenv("TANDEM_FAULT_REACHED")) ::close(::open(file, O_CREAT | O_WRONLY, 0600));
}

template <Id id>
bool chosen() noexcept {
  static const bool is = [] {
    const char* name = std::getenv("TANDEM_FAULT");
    if (!name || std::strcmp(name, id.text) != 0) return false;
    tell();
    return true;
  }();
  return is;
}

template <Id id>
constexpr bool on() noexcept {
  return std::is_constant_evaluated() ? false : chosen<id>();
}

}  // namespace tandem_faults
#endif
'''


def _on(fault):
    return '::tandem_faults::on<"%s">()' % fault.id


class Span:
    """A piece of a file that one fault replaces, or several of one kind."""

    def __init__(self, fault, source):
        self.start = source.index(fault.text) if fault.at < 0 else fault.at
        self.end = self.start + len(fault.text)
        self.kind, self.faults = fault.kind, [fault]

    def same_place(self, other):
        return (self.start, self.end) == (other.start, other.end)

    def holds(self, other):
        return self.start <= other.start and other.end <= self.end and not self.same_place(other)

    def fits(self, other):
        """May both be in one file?"""
        if self.end <= other.start or other.end <= self.start:
            return True
        if self.same_place(other):
            return self.kind == other.kind and self.kind in NESTABLE
        outer = self if self.holds(other) else other
        return (outer.holds(self) or outer.holds(other)) and outer.kind in NESTABLE

    def choice(self, original):
        """What stands there instead of the original."""
        if self.kind == "written":
            return self.faults[0].replacement.replace("FAULT", _on(self.faults[0]))
        if self.kind == "statement":
            return " else ".join("if (%s) { %s }" % (_on(fault), fault.replacement) for fault in self.faults
                                 ) + " else { %s }" % original
        value = "(%s)" if self.kind == "expression" else "static_cast<bool>(%s)"
        choices = "".join("%s ? %s : " % (_on(fault), value % fault.replacement) for fault in self.faults)
        return "(%s%s)" % (choices, value % original)


def _rendered(source, spans, start, end):
    """source[start:end] with its choices, of which one may stand inside another."""
    text, at = "", start
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if span.start < at:
            continue  # inside the one before
        inner = [other for other in spans if span.holds(other)]
        text += source[at:span.start] + span.choice(_rendered(source, inner, span.start, span.end))
        at = span.end
    return text + source[at:end]


class Build:
    """A set of faults that can be in the sources together."""

    def __init__(self):
        self.faults, self.sources, self.spans = [], {}, {}

    def takes(self, fault, source):
        new, spans = Span(fault, source), self.spans.setdefault(fault.file, [])
        if not all(new.fits(other) for other in spans):
            return False
        same = next((span for span in spans if span.same_place(new)), None)
        if same:
            same.faults.append(fault)
        else:
            spans.append(new)
        self.sources[fault.file] = source
        self.faults.append(fault)
        return True

    def files(self):
        """{path: text} of the files that are changed."""
        return {path: _rendered(self.sources[path], spans, 0, len(self.sources[path]))
                for path, spans in self.spans.items() if spans}


def builds(root, faults):
    """Every fault is in one of them; mostly there is one only. Those of the kind "lines" need none."""
    made = [Build()]
    for fault in faults:
        if fault.kind == "lines":
            continue
        source = evidence.read(os.path.join(root, *fault.file.split("/")))
        if not any(build.takes(fault, source) for build in made):
            made.append(Build())
            made[-1].takes(fault, source)
    return made


def _originals(root):
    """{path: file} of what is copied."""
    found = {}
    for name in COPIED:
        top = os.path.join(root, *name.split("/"))
        if os.path.isfile(top):
            found[name] = top
        for folder, folders, names in os.walk(top):
            folders[:] = [one for one in folders if one != "__pycache__"]
            for one in names:
                path = os.path.join(folder, one)
                found[os.path.relpath(path, root).replace(os.sep, "/")] = path
    return found


def write_if_changed(path, content):
    """What is written anew is compiled anew."""
    try:
        with open(path, "rb") as file:
            if file.read() == content:
                return
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def write_copy(root, target, changed):
    originals = _originals(root)
    for path, original in originals.items():
        if path in changed:
            content = changed[path].encode()
        else:
            with open(original, "rb") as file:
                content = file.read()
        write_if_changed(os.path.join(target, *path.split("/")), content)
    write_if_changed(os.path.join(target, HEADER), HEADER_TEXT.encode())
    for folder, _, names in os.walk(target):
        for name in names:
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, target).replace(os.sep, "/")
            if relative not in originals and relative != HEADER:
                os.remove(path)
