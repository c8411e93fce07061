"""The document's Pool (line 505), mended: it has a guard, and what the workers would print in any order is returned, and
printed by the main program. Both forms: `with`, which ends by terminate(); and apply_async(), close(), join().
"""

from multiprocessing import Pool


def square(number):
    return number * number


if __name__ == "__main__":
    with Pool(processes=4) as pool:  # os.cpu_count()
        print(pool.map(square, range(5)))

    pool = Pool(processes=4)
    results = [pool.apply_async(square, args=(i,)) for i in range(5)]
    pool.close()  # no further tasks
    pool.join()  # the main process waits for the workers to end
    print([result.get() for result in results])
