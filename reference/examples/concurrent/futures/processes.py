"""The document's example of concurrent.futures: four tasks by submit(), four by map(), in processes.

Mended: it stands under a main guard, and the tasks return what they printed, since they run in any order.
"""

from concurrent.futures import ProcessPoolExecutor


def task(num):
    return f"task {num}"


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as executor:
        futures = []
        for i in range(4):
            futures.append(executor.submit(task, i))
    for future in futures:
        print(future.result())

    with ProcessPoolExecutor(2) as executor:
        for result in executor.map(task, range(4)):
            print(result)
