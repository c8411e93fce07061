"""Checks a result against bench/report/schema.json: as much of JSON Schema as that file uses."""
import json
import math
import re
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "report" / "schema.json"
SAID_ONLY = {"$schema", "$id", "$defs", "title", "description"}
KNOWN = SAID_ONLY | {"$ref", "type", "const", "enum", "pattern", "minimum", "maximum", "required", "properties",
                     "additionalProperties", "items", "minItems", "maxItems", "anyOf"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
MOST = 20  # complaints; more of them help nobody


def load():
    return json.loads(FILE.read_text(encoding="utf-8"))


def _is(value, name):
    if name in ("number", "integer"):
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        return number and (name == "number" or value == int(value))
    return isinstance(value, TYPES[name])


class _Check:
    def __init__(self, schema):
        self.root, self.complaints = schema, []

    def complain(self, path, text):
        if len(self.complaints) < MOST:
            self.complaints.append(f"{path or 'the result'}: {text}")

    def value(self, value, schema, path):
        unknown = set(schema) - KNOWN
        if unknown:
            raise ValueError(f"the schema uses what is not checked: {sorted(unknown)}")
        if "$ref" in schema:
            self.value(value, self._referred(schema["$ref"]), path)
        if "anyOf" in schema and not any(_fits(value, one, self.root) for one in schema["anyOf"]):
            self.complain(path, "is none of what it may be")
        if "const" in schema and value != schema["const"]:
            self.complain(path, f"{value!r} is not {schema['const']!r}")
        if "enum" in schema and value not in schema["enum"]:
            self.complain(path, f"{value!r} is none of {', '.join(map(str, schema['enum']))}")
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(_is(value, name) for name in types):
            self.complain(path, f"{value!r} is no {' or '.join(types)}"[:200])
            return
        self._inside(value, schema, path)

    def _referred(self, reference):
        return self.root["$defs"][reference[len("#/$defs/"):]]

    def _inside(self, value, schema, path):
        if isinstance(value, dict):
            self._object(value, schema, path)
        elif isinstance(value, list):
            self._array(value, schema, path)
        elif isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
            self.complain(path, f"{value!r} is not written like {schema['pattern']}")
        elif isinstance(value, (int, float)) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            self.complain(path, f"{value} is too small or too large")

    def _object(self, value, schema, path):
        for name in schema.get("required", []):
            if name not in value:
                self.complain(path, f"{name} is missing")
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name, one in value.items():
            if name in known:
                self.value(one, known[name], f"{path}.{name}")
            elif others is False:
                self.complain(path, f"{name} is not known")
            elif others is not True:
                self.value(one, others, f"{path}.{name}")

    def _array(self, value, schema, path):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            self.complain(path, f"has {len(value)} items")
        for number, one in enumerate(value):
            self.value(one, schema.get("items", {}), f"{path}[{number}]")


def _fits(value, schema, root):
    return not complaints(value, {**schema, "$defs": root.get("$defs", {})})


def complaints(value, schema=None):
    """What is wrong with it; nothing, when it is a result."""
    check = _Check(load() if schema is None else schema)
    check.value(value, check.root, "")
    return check.complaints
