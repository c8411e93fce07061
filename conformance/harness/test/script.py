"""For tests of what only a script has."""
import importlib.util
import os
from importlib.machinery import SourceFileLoader

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))), "scripts")


def loaded(name):
    """scripts/<name>, which has no suffix, as a module."""
    module = name.replace("-", "_") + "_script"
    spec = importlib.util.spec_from_loader(module, SourceFileLoader(module, os.path.join(SCRIPTS, name)))
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script
