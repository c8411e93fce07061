"""The document's main guard (line 16), mended: what is assigned under the guard is global, so `global` has no place there
(`global x=8` is no Python at all); what the workers would print in any order is printed by the main program; and the pool
spawns its workers, so that one can see that they do not run what is under the guard.
"""

import multiprocessing

x = 5


def double(number):
    return 2 * number


if __name__ == "__main__":
    x = 8
    multiprocessing.freeze_support()
    multiprocessing.set_start_method("spawn")
    with multiprocessing.Pool(2) as pool:
        print(x, pool.map(double, range(x)))
