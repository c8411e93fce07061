"""The document's list of a future's methods (lines 96-114), called one after the other.

Mended: `canceled()` is `cancelled()`.
"""

from concurrent.futures import ThreadPoolExecutor, TimeoutError
from threading import Event

started, go_on = Event(), Event()


def work():
    started.set()
    go_on.wait()
    return 42


def fail():
    raise ValueError('no luck')


with ThreadPoolExecutor(1) as executor:
    running, failing, waiting = executor.submit(work), executor.submit(fail), executor.submit(work)
    running.add_done_callback(lambda future: print('callback:', future.result()))
    started.wait()

    print('done:', running.done(), 'running:', running.running(), 'cancel:', running.cancel())
    print('cancel:', waiting.cancel(), 'cancelled:', waiting.cancelled(), 'done:', waiting.done())
    try:
        running.result(timeout=0.01)
    except TimeoutError:
        print('not yet')
    go_on.set()

print('result:', running.result(), 'done:', running.done(), 'running:', running.running())
print('exception:', failing.exception(), 'done:', failing.done())
