"""The public headers as Doxygen is given them: their plain comments as documentation.

usage: reference_headers.py SOURCE TARGET

The headers are contracts for people. In their copies a comment above a declaration becomes its documentation, a comment
behind a member that member's, and the words of a contract (Throws, Threads, Order, …) become headings. No line moves, so
what Doxygen complains of is found in the header.
"""
import os
import re
import sys

NOT_FOR_USERS = ("detail", "platform")
FOR_USERS_ALL_THE_SAME = ("tandem/pickle/detail/archive.hpp",)

HEADINGS = ("Throws", "Threads", "Order", "Errors", "Spec")
HEADING = re.compile(r"^(%s) {2,}(?=\S)" % "|".join(HEADINGS))
RETURNS = re.compile(r"^Returns(?= )", re.I)
PARAMETER = re.compile(r"^ {2,4}([\w.]+|what\(\)|exceptions\(\)) {2,}(?=\S)")
COMMENT = re.compile(r"^(\s*)// ?(.*)$")
TRAILING = re.compile(r"^(\s*(?!/)\S.*?[;,{}]|.*?[\w}\"])(\s+)// (.*)$")
# What means something to Doxygen and nothing to us.
SPECIAL = re.compile(r"[\\@<>&#%$]|::|--+")


def escaped(text):
    """Outside of `code` and "text", which Doxygen takes as they are."""
    parts = re.split(r"(`[^`]*`|\"[^\"]*\")", text)
    return "".join(part if i % 2 else SPECIAL.sub(lambda found: "\\" + found.group(), part)
                   for i, part in enumerate(parts))


def documentation(text, state):
    """One line of a comment; `state` is what the line before it belongs to."""
    heading = HEADING.match(text)
    if heading:
        return "@heading{%s} " % heading.group(1) + escaped(text[heading.end():]), "heading"
    parameter = PARAMETER.match(text)
    if parameter:
        return "- `%s`: %s" % (parameter.group(1), escaped(text[parameter.end():])), "parameter"
    if RETURNS.match(text):
        return "@returns" + escaped(text[len("Returns"):]), "text"
    if text.startswith("  ") and state in ("heading", "parameter"):  # it goes on
        return "  " + escaped(text.strip()), state
    if text.startswith("  "):  # a piece of code
        return "    " + text, "code"
    return escaped(text), "text"


def filtered(text):
    # Doxygen does not know namespaces that are inline within a name.
    text = re.sub(r"namespace tandem::inline v1\b", "namespace tandem", text)
    text = re.sub(r"\bv1::", "tandem::", text)
    # Nor what is specialised in another namespace.
    text = re.sub(r"^template <[^>\n]*>\nstruct std::hash<.*?(?:\{\};|\n\};)",
                  lambda found: "\n" * found.group().count("\n"), text, flags=re.M | re.S)
    lines, state, is_first = [], "", True
    for line in text.split("\n"):
        comment = COMMENT.match(line)
        if comment:
            said, state = documentation(comment.group(2), state)
            lines.append(comment.group(1) + "/// " + "@header " * is_first + said)
            is_first = False
            continue
        state = ""
        trailing = TRAILING.match(line)
        if trailing and '"' not in trailing.group(3):
            line = trailing.group(1) + trailing.group(2) + "///< " + escaped(trailing.group(3))
        lines.append(line)
    return "\n".join(lines)


def headers(source):
    """The paths of the headers for users, from the source on."""
    for folder, _, names in os.walk(source):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), source).replace(os.sep, "/")
            if path in FOR_USERS_ALL_THE_SAME or not set(NOT_FOR_USERS) & set(path.split("/")):
                yield path


def main(source, target):
    for path in headers(source):
        with open(os.path.join(source, path), encoding="utf-8") as file:
            text = filtered(file.read())
        os.makedirs(os.path.dirname(os.path.join(target, path)), exist_ok=True)
        with open(os.path.join(target, path), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
