"""The README's threads: the twin of conformance/examples/threading/readme.cpp."""

import threading

lock = threading.Lock()
finished = threading.Event()
counter = 0


def count(times):
    global counter
    for _ in range(times):
        with lock:
            counter += 1
    if threading.current_thread().name == 'second':
        finished.set()


first = threading.Thread(target=count, args=(1000,))
second = threading.Thread(target=count, args=(2000,), name='second')
first.start()
second.start()

print(f'in time: {finished.wait(60):d}')
first.join()
second.join()
print(f'{second.name} is alive: {second.is_alive():d}, counted: {counter}')
