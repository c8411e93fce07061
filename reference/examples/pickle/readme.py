"""The README's pickle: the twin of conformance/examples/pickle/readme.cpp."""

import pickle
from collections import namedtuple

Point = namedtuple("Point", "x y")


class Date:
    def __init__(self, year, day):
        self._year = year
        self._day = day

    def __reduce__(self):
        return Date, (self._year, self._day)

    def year(self):
        return self._year


shapes = {"line": [Point(0, 0), Point(3, 4)]}
for name, points in pickle.loads(pickle.dumps(shapes)).items():
    print(name, "ends at %d, %d" % points[-1])

print("year", pickle.loads(pickle.dumps(Date(2024, 60))).year())

try:
    pickle.loads(pickle.dumps(Point(1, 2))[:12])
except pickle.UnpicklingError as error:
    print(error)
