"""The document's wait() and as_completed() (lines 118-142), for which it has no code."""

from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, ThreadPoolExecutor, as_completed, wait
from threading import Event

gate = Event()

with ThreadPoolExecutor(2) as executor:
    quick = executor.submit(pow, 2, 5)
    slow = executor.submit(gate.wait)

    done, not_done = wait([quick, slow], return_when=FIRST_COMPLETED)
    print(len(done), 'done,', len(not_done), 'not; the quick one:', quick in done)

    done, not_done = wait([quick, slow], timeout=0.01)
    print(len(done), 'done,', len(not_done), 'not, and cancelled:', slow.cancelled())

    failing = executor.submit(divmod, 1, 0)
    done, not_done = wait([slow, failing], return_when=FIRST_EXCEPTION)
    print(len(done), 'done,', len(not_done), 'not; the failing one:', failing in done)

    for future in as_completed([slow, quick]):
        print('the quick one' if future is quick else 'the slow one')
        gate.set()
