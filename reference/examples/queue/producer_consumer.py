"""The document's producer and consumer (lines 237-265).

Mended: q.join() in the producer waits for the queue it was given, out_q, instead of the global q (the same one).
"""

from queue import Queue
from threading import Thread


def producer(out_q, source_data):
    for item in source_data:
        out_q.put(item)
    out_q.join()


def consumer(in_q):
    while True:
        data = in_q.get()
        print(f'get data: {data}')
        in_q.task_done()


q = Queue(maxsize=2)

p = Thread(target=producer, args=(q, 'hello'))
c = Thread(target=consumer, args=(q,), daemon=True)

p.start()
c.start()

p.join()
