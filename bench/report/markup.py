"""HTML without templates: every text is escaped unless it is Markup already."""
from html import escape


VOID = ("br", "input")


class Markup(str):
    """Text that is HTML already."""


def render(content):
    if content is None:
        return Markup("")
    if isinstance(content, (list, tuple)) or hasattr(content, "__next__"):
        return Markup("".join(render(one) for one in content))
    return content if isinstance(content, Markup) else Markup(escape(str(content)))


def tag(name, *content, **attributes):
    """tag("td", text, class_="number"): True is a bare attribute, None and False are left out."""
    written = ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        written += f" {key}" if value is True else f' {key}="{escape(str(value))}"'
    end = "" if name in VOID else f"</{name}>"
    return Markup(f"<{name}{written}>{render(content)}{end}")


def details(summary, *content, **attributes):
    return tag("details", tag("summary", summary), *content, **attributes)


def scroller(label, table):
    """A table that may be wider than its place: the arrow keys move it, too."""
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=label)


def command(text):
    """What to type, with a button that copies it."""
    return tag("span", tag("code", text), tag("button", "copy", type="button", class_="copy",
                                             aria_label="copy this command"), class_="command")


def code(text):
    """Markdown's `code` as HTML."""
    return [tag("code", part) if number % 2 else part for number, part in enumerate(text.split("`"))]


def chip(text, kind):
    return tag("span", text, class_=f"chip {kind}")
