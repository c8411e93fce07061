"""The twin of conformance/examples/pickle/errors.cpp."""

import pickle


class OutOfMoney(ValueError):
    def __init__(self, missing):
        super().__init__("missing %d" % missing)
        self._missing = missing

    def missing(self):
        return self._missing

    def __reduce__(self):
        return OutOfMoney, (self._missing,)


try:
    raise pickle.loads(pickle.dumps(OutOfMoney(5)))
except OutOfMoney as copy:
    print("%s: lend me %d" % (copy, copy.missing()))

try:
    raise pickle.loads(pickle.dumps(FileNotFoundError(2, "No such file or directory", "money")))
except OSError as copy:
    print(copy)
