"""What the twins of pickle share: the twin of conformance/pickle/support.hpp."""

import pickle

from case import log


def there_and_back(value):
    return pickle.loads(pickle.dumps(value))


def log_back(*values):
    """Logs what becomes of each value."""
    for value in values:
        log(repr(there_and_back(value)))
