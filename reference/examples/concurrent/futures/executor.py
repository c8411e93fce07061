"""The document's two ways to submit (lines 44-62).

Mended: the executor is the ThreadPoolExecutor that the text announces; one worker instead of two, and 10 ms of work
instead of 5 s, so that the output is always the same and soon there; what submit() gave is read at the end.
"""

from concurrent.futures import ThreadPoolExecutor
from time import sleep


def task(num):
    print(f'task {num}')
    sleep(0.01)
    return num * num


# submit
with ThreadPoolExecutor(1) as executor:
    futures = []
    for i in range(4):
        futures.append(executor.submit(task, i))

for future in futures:
    print(future.result())

# map
with ThreadPoolExecutor(1) as executor:
    executor.map(task, range(4))

print('all done')
