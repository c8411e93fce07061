"""Objects in a server's process: Python's own types, and a class of one's own (CPython's documentation of managers)."""

from multiprocessing import Manager, Process
from multiprocessing.managers import BaseManager


def work(table, numbers):
    table["one"] = 1
    table["two"] = 2
    numbers.reverse()


class Maths:
    def add(self, x, y):
        return x + y

    def divide(self, x, y):
        return x // y


class MyManager(BaseManager):
    pass


MyManager.register("Maths", Maths)


if __name__ == "__main__":
    with Manager() as manager:
        table = manager.dict()
        numbers = manager.list(range(5))
        process = Process(target=work, args=(table, numbers))
        process.start()
        process.join()
        print(table, numbers)

    with MyManager() as manager:
        maths = manager.Maths()
        print(maths.add(4, 3), maths.divide(7, 2))
        try:
            maths.divide(1, 0)
        except ZeroDivisionError:
            print("error: division by zero")
