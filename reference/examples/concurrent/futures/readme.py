"""The README's futures: the twin of conformance/examples/concurrent/futures/readme.cpp."""

from concurrent import futures
from math import isqrt


def root(square):
    if square < 0:
        raise ArithmeticError('no root')
    return isqrt(square)


with futures.ThreadPoolExecutor(max_workers=4) as executor:
    for number in executor.map(root, [1, 4, 9]):
        print(number)

    good = executor.submit(root, 144)
    bad = executor.submit(root, -1)
    futures.wait([good, bad], timeout=60)
    print(f'done: {good.done():d}, result: {good.result()}')
    try:
        bad.result()
    except ArithmeticError as error:  # what the task raised
        print('error:', error)
