import asyncio

from case import case, log, raised
from support import awaited, run_virtual, soon, start, state, turns


def each_kind(maxsize, body):
    """Asks the same of each kind of queue."""
    for kind in (asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue):
        log(kind.__name__)

        async def main():
            await body(kind(maxsize))

        run_virtual(main())


def full_of(q, *items):
    for item in items:
        q.put_nowait(item)
    return q


async def getters(q, names):
    """Tasks of these names that get from it, and wait if it is empty."""
    tasks = [start(q.get(), name) for name in names]
    await turns()
    return tasks


async def putters(q, first, count):
    """Tasks that put the numbers from the first on, and wait if it is full; their names are p1, p2, …"""
    tasks = [start(q.put(item), "p%d" % item) for item in range(first, first + count)]
    await turns()
    return tasks


async def all_of(tasks):
    for task in tasks:
        await task


def drain(q):
    taken = []
    while not q.empty():
        taken.append(q.get_nowait())
    return taken


# Bounds, sizes, order


@case("asyncio.queue.maxsize.default-unbounded", "a queue has no bound unless one is given")
def _():
    async def main():
        q = asyncio.Queue()
        for item in range(100):
            q.put_nowait(item)
        log(q.maxsize, q.qsize(), q.full())

    run_virtual(main())


@case("asyncio.queue.maxsize.not-positive-unbounded", "a maxsize of zero or less is no bound")
def _():
    async def main():
        for maxsize in (0, -1, -7):
            q = asyncio.Queue(maxsize)
            for item in range(100):
                await q.put(item)
            log(q.maxsize, q.qsize(), q.full())

    run_virtual(main())


@case("asyncio.queue.maxsize.bounds-the-items", "maxsize items fit and no more")
def _():
    async def body(q):
        async def put():
            for item in range(4):
                await q.put(item)
                log("put", item)

        task = asyncio.create_task(put())
        await turns(2)
        log(q.maxsize, q.qsize(), q.full())
        await q.get()
        await turns()
        log(q.qsize(), q.full())
        await q.get()
        await task

    each_kind(2, body)


@case("asyncio.queue.qsize.counts", "the number of items held")
def _():
    async def body(q):
        sizes = [(q.qsize(), q.empty())]
        for item in (3, 1, 2):
            await q.put(item)
            sizes.append((q.qsize(), q.empty()))
        for _ in range(3):
            await q.get()
            sizes.append((q.qsize(), q.empty()))
        for size, empty in sizes:
            log(size, empty)

    each_kind(0, body)


@case("asyncio.queue.full.at-maxsize", "full from maxsize items on")
def _():
    async def body(q):
        log(q.full())
        q.put_nowait(1)
        log(q.full())
        q.put_nowait(2)
        log(q.full())
        q.get_nowait()
        log(q.full())

    each_kind(2, body)


@case("asyncio.queue.order.fifo", "the first in is the first out")
def _():
    async def main():
        q = asyncio.Queue()
        for item in (1, 3, 2):
            await q.put(item)
        log(await q.get())
        await q.put(0)
        log(await q.get())
        log(await q.get())
        log(await q.get())

    run_virtual(main())


@case("asyncio.queue.order.through-reuse", "the order holds through growth and reuse")
def _():
    async def main():
        q, seen, put = asyncio.Queue(), [], 0
        for _ in range(300):
            for _ in range(3):
                q.put_nowait(put)
                put += 1
            for _ in range(2):
                seen.append(q.get_nowait())
        log(q.qsize())
        seen += drain(q)
        log(len(seen), seen == list(range(put)))

    run_virtual(main())


# put


@case("asyncio.queue.put.room", "put() and get() do not give way when they need not wait")
def _():
    async def body(q):
        soon("a turn")
        await q.put(1)
        await q.put(2)
        log(q.qsize())
        await q.get()
        await q.get()
        log(q.qsize())
        await turns()

    each_kind(2, body)


@case("asyncio.queue.put.waits", "put() waits while it is full")
def _():
    async def body(q):
        full_of(q, 1)
        (task,) = await putters(q, 2, 1)
        await turns(3)
        log(state(task), q.qsize())
        q.get_nowait()
        log(state(task), q.qsize())
        await turns()
        log(state(task), q.qsize())

    each_kind(1, body)


@case("asyncio.queue.put.nowait", "put_nowait() puts the item or raises QueueFull")
def _():
    async def body(q):
        log(raised(lambda: q.put_nowait(1)), raised(lambda: q.put_nowait(2)), q.qsize())

    each_kind(1, body)


@case("asyncio.queue.put.oldest-first", "those that wait put in the order of their coming, one for each get")
def _():
    async def main():
        q = full_of(asyncio.Queue(1), 0)
        tasks = await putters(q, 1, 3)
        for _ in range(3):
            log("got", q.get_nowait())
            await turns(2)
        log("got", q.get_nowait(), *(state(task) for task in tasks))

    run_virtual(main())


@case("asyncio.queue.put.overtaken", "one that comes in time takes the room of one that was woken, who waits again")
def _():
    async def main():
        q = full_of(asyncio.Queue(1), 0)
        await putters(q, 1, 2)
        q.get_nowait()
        q.put_nowait(9)
        await turns()
        log(q)
        for _ in range(3):
            log("got", await q.get())
            await turns()

    run_virtual(main())


@case("asyncio.queue.put.all-come", "getting all at once lets in what fits, and the others in time")
def _():
    async def main():
        q, tasks = asyncio.Queue(2), []

        async def take_all():
            await turns()
            log(*drain(q))

        tasks.append(asyncio.create_task(take_all()))
        tasks += [start(q.put(item), "p%d" % item) for item in range(4)]
        await all_of(tasks)
        log(*drain(q))

    run_virtual(main())


# get


@case("asyncio.queue.get.waits", "get() waits while it is empty")
def _():
    async def body(q):
        (task,) = await getters(q, "A")
        await turns(3)
        log(state(task))
        q.put_nowait(1)
        log(state(task), q.qsize())
        await turns()
        log(state(task), q.qsize())

    each_kind(0, body)


@case("asyncio.queue.get.nowait", "get_nowait() returns an item or raises QueueEmpty")
def _():
    async def body(q):
        log(raised(q.get_nowait))
        q.put_nowait(1)
        log(q.get_nowait(), raised(q.get_nowait))

    each_kind(0, body)


@case("asyncio.queue.get.oldest-first", "those that wait get in the order of their coming, one for each put")
def _():
    async def main():
        q = asyncio.Queue()
        tasks = await getters(q, "ABC")
        for item in range(3):
            log("put", item)
            await q.put(item)
            await turns(2)
        log(*(state(task) for task in tasks))

    run_virtual(main())


@case("asyncio.queue.get.woken-together", "items put in one turn go to as many that wait, in their order")
def _():
    async def main():
        q = asyncio.Queue()
        tasks = await getters(q, "ABC")
        full_of(q, 1, 2)
        await turns(2)
        log(*(state(task) for task in tasks), q)
        q.put_nowait(3)
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.queue.get.overtaken", "one that comes in time takes the item of one that was woken, who waits again, as the last")
def _():
    async def main():
        q = asyncio.Queue()
        tasks = await getters(q, "AB")
        q.put_nowait(1)
        log("main", await q.get())
        await turns()
        log(q)
        full_of(q, 2, 3)
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.queue.get.lets-putters-in", "get() lets a put() that waits go on")
def _():
    async def main():
        q = asyncio.Queue(1)
        tasks = [start(q.put("a"), "a"), start(q.put("b"), "b")]
        log(await q.get())
        log(await q.get())
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.queue.get.one-slot", "a producer and a consumer pass many items through one slot")
def _():
    async def consume(q, count):
        for _ in range(count):
            log("got", await q.get())

    async def produce(q, count):
        for item in range(count):
            await q.put(item)
            log("put", item)

    async def body(q):
        await all_of([asyncio.create_task(produce(q, 5)), asyncio.create_task(consume(q, 5))])

    each_kind(1, body)


@case("asyncio.queue.get.ahead-of-put", "a get() that comes first gets what a task puts later")
def _():
    async def main():
        q = asyncio.Queue()
        tasks = [start(q.put(1), "put")]
        log(await q.get(), state(tasks[0]))
        tasks = [start(q.get(), "A")]
        await turns()
        await q.put(2)
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.queue.get.from-callback", "a callback of the loop may put and get")
def _():
    async def main():
        q, loop = asyncio.Queue(1), asyncio.get_running_loop()
        (task,) = await getters(q, "A")
        loop.call_later(1, q.put_nowait, 1)
        await task
        full_of(q, 2)
        (task,) = await putters(q, 3, 1)
        loop.call_later(1, q.get_nowait)
        await task

    run_virtual(main())


# cancel


@case("asyncio.queue.cancel.getter", "a cancelled get() takes nothing and no longer waits")
def _():
    async def body(q):
        (task,) = await getters(q, "A")
        task.cancel()
        await turns()
        log(q)
        await q.put(1)
        log(q, await q.get())

    each_kind(0, body)


@case("asyncio.queue.cancel.getter-of-two", "after a cancelled one the next gets what is put")
def _():
    async def main():
        q = asyncio.Queue()
        tasks = await getters(q, "AB")
        tasks[0].cancel()
        await turns()
        await q.put("a")
        await all_of(tasks)
        tasks = await getters(q, "CD")
        tasks[0].cancel()
        await q.put("b")
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.queue.cancel.woken-getter", "one that is woken for an item and cancelled leaves it, first as it was")
def _():
    async def main():
        q = asyncio.Queue()
        (task,) = await getters(q, "A")
        full_of(q, 1, 2)
        task.cancel()
        await turns()
        log(q)
        log(await q.get())

    run_virtual(main())


@case("asyncio.queue.cancel.woken-getter-hands-on", "the next that waits is woken in its place")
def _():
    async def main():
        q = asyncio.Queue()
        tasks = await getters(q, "ABC")
        full_of(q, 1, 2)
        tasks[0].cancel()
        await all_of(tasks)
        log(q)
        tasks = await getters(q, "DE")
        q.put_nowait(3)
        tasks[0].cancel()
        await turns()
        log(q)
        await tasks[1]

    run_virtual(main())


@case("asyncio.queue.cancel.putter", "a cancelled put() puts nothing and no longer waits")
def _():
    async def body(q):
        full_of(q, 1)
        (task,) = await putters(q, 2, 1)
        task.cancel()
        await turns()
        log(q)
        log(await q.get(), q)

    each_kind(1, body)


@case("asyncio.queue.cancel.putter-of-two", "after a cancelled one the next has the room")
def _():
    async def main():
        q = full_of(asyncio.Queue(1), 0)
        tasks = await putters(q, 1, 3)
        tasks[1].cancel()
        await turns()
        log(await q.get())
        await turns()
        log(await q.get())
        await turns()
        log(await q.get())
        full_of(q, 0)
        tasks = await putters(q, 4, 2)
        tasks[0].cancel()
        log(await q.get())
        await all_of(tasks)
        log(q)

    run_virtual(main())


@case("asyncio.queue.cancel.woken-putter", "one that is woken for room and cancelled puts nothing")
def _():
    async def main():
        q = full_of(asyncio.Queue(1), 1)
        (task,) = await putters(q, 2, 1)
        log(q.get_nowait())
        task.cancel()
        await turns()
        log(q)
        tasks = await putters(q, 3, 1)
        log(q, *(state(task) for task in tasks))

    run_virtual(main())


@case("asyncio.queue.cancel.woken-putter-hands-on", "the next that waits is woken in its place")
def _():
    async def main():
        q = full_of(asyncio.Queue(1), 0)
        tasks = await putters(q, 1, 2)
        log(q.get_nowait())
        tasks[0].cancel()
        await turns()
        log(q)
        await all_of(tasks)
        log(q)

    run_virtual(main())


@case("asyncio.queue.cancel.timeout", "a get() that is given a time no longer waits when it has passed")
def _():
    async def main():
        q = asyncio.Queue(5)
        log(await awaited(asyncio.wait_for(q.get(), 0.1)), q)
        full_of(q, 1, 2, 3, 4, 5)
        log(await awaited(asyncio.wait_for(q.put(6), 0.1)), q)

    run_virtual(main())


# task_done, join


@case("asyncio.queue.task-done.too-many", "more often than items were put is an error")
def _():
    async def body(q):
        log(raised(q.task_done))
        full_of(q, 1)
        q.task_done()
        log(raised(q.task_done), q)

    each_kind(0, body)


@case("asyncio.queue.join.nothing-unfinished", "join() returns at once when nothing is unfinished")
def _():
    async def body(q):
        soon("a turn")
        await q.join()
        await q.put(1)
        await q.get()
        q.task_done()
        await q.join()
        log("joined")
        await turns()

    each_kind(0, body)


@case("asyncio.queue.join.waits-for-task-done", "join() waits until each item is done")
def _():
    async def body(q):
        full_of(q, 1, 2)
        tasks = [start(q.join(), "A"), start(q.join(), "B")]
        await turns()
        for _ in range(2):
            await q.get()
        await turns(2)
        log(*(state(task) for task in tasks))
        q.task_done()
        await turns(2)
        log(*(state(task) for task in tasks))
        q.task_done()
        await turns()
        log(*(state(task) for task in tasks))

    each_kind(0, body)


@case("asyncio.queue.join.put-meanwhile", "what is put when all is done does not hold those back that were let go")
def _():
    async def main():
        q = full_of(asyncio.Queue(), 1)
        task = start(q.join(), "A")
        await turns()
        q.task_done()
        q.put_nowait(2)
        await turns(2)
        log(state(task), q)
        late = start(q.join(), "B")
        await turns(2)
        log(state(late))
        q.task_done()
        await late

    run_virtual(main())


@case("asyncio.queue.join.cancel", "a cancelled join() leaves the others waiting")
def _():
    async def main():
        q = full_of(asyncio.Queue(), 1)
        tasks = [start(q.join(), name) for name in "AB"]
        await turns()
        tasks[0].cancel()
        await turns(2)
        log(*(state(task) for task in tasks))
        q.task_done()
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.queue.join.workers", "two workers do all there is")
def _():
    async def body(q):
        done = []

        async def work(name):
            while True:
                done.append(await q.get())
                q.task_done()

        full_of(q, *range(100))
        workers = [start(work(name), name) for name in "AB"]
        await q.join()
        log(len(done), sum(done), q)
        for worker in workers:
            worker.cancel()
        await all_of(workers)

    each_kind(0, body)


# shutdown


@case("asyncio.queue.shutdown.put-raises", "put() and put_nowait() raise QueueShutDown and put nothing", since="3.13")
def _():
    async def body(q):
        q.shutdown()
        log(await awaited(q.put(1)), raised(lambda: q.put_nowait(1)), q)

    each_kind(0, body)


@case("asyncio.queue.shutdown.put-raises-when-full", "put() does not wait then", since="3.13")
def _():
    async def body(q):
        full_of(q, 1)
        q.shutdown()
        log(await awaited(q.put(2)), raised(lambda: q.put_nowait(2)), q)

    each_kind(1, body)


@case("asyncio.queue.shutdown.get-drains", "what is held can still be got, then get() raises QueueShutDown", since="3.13")
def _():
    async def body(q):
        full_of(q, 1, 2)
        q.shutdown()
        log(await awaited(q.get()), q.get_nowait())
        log(await awaited(q.get()), raised(q.get_nowait))

    each_kind(0, body)


@case("asyncio.queue.shutdown.wakes-getters", "those that wait in get() get QueueShutDown", since="3.13")
def _():
    async def body(q, immediate):
        tasks = await getters(q, "AB")
        q.shutdown(immediate)
        await q.join()
        log(*(state(task) for task in tasks))
        await turns()
        log(*(state(task) for task in tasks))

    for immediate in (False, True):
        each_kind(0, lambda q: body(q, immediate))


@case("asyncio.queue.shutdown.wakes-putters", "those that wait in put() get QueueShutDown, and put nothing", since="3.13")
def _():
    async def body(q, immediate):
        full_of(q, 1)
        tasks = await putters(q, 2, 2)
        q.shutdown(immediate)
        await turns()
        log(*(state(task) for task in tasks), q)

    for immediate in (False, True):
        each_kind(1, lambda q: body(q, immediate))


@case("asyncio.queue.shutdown.woken-before", "those that were woken before it look at it, too", since="3.13")
def _():
    async def body(q):
        tasks = await getters(q, "A")
        full_of(q, 1)
        q.shutdown(immediate=True)
        await all_of(tasks)

    async def main():
        q = asyncio.Queue()
        tasks = await getters(q, "AB")
        full_of(q, 1)
        q.shutdown()
        await all_of(tasks)

    each_kind(0, body)
    run_virtual(main())


@case("asyncio.queue.shutdown.join-waits", "what is held has to be done for join() to return", since="3.13")
def _():
    async def body(q):
        full_of(q, 1)
        task = start(q.join(), "A")
        await turns()
        q.shutdown()
        await q.get()
        await turns(2)
        log(state(task), q)
        q.task_done()
        await turns()
        log(state(task), raised(q.task_done))

    each_kind(1, body)


@case("asyncio.queue.shutdown.immediate-drops", "an immediate one drops what is held, which is done then", since="3.13")
def _():
    async def body(q):
        full_of(q, 1, 2)
        task = start(q.join(), "A")
        await turns()
        q.shutdown(immediate=True)
        log(q, q.qsize(), q.empty())
        await turns()
        log(state(task), raised(q.task_done))
        log(await awaited(q.get()), raised(q.get_nowait))
        log(await awaited(q.put(1)), raised(lambda: q.put_nowait(1)))

    each_kind(0, body)


@case("asyncio.queue.shutdown.immediate-leaves-the-taken", "what was got before still has to be done", since="3.13")
def _():
    async def body(q):
        full_of(q, 1, 2)
        task = start(q.join(), "A")
        await q.get()
        await turns()
        q.shutdown(immediate=True)
        await turns(2)
        log(state(task), q)
        log(raised(q.task_done), raised(q.task_done))
        await turns()
        log(state(task))

    each_kind(0, body)


@case("asyncio.queue.shutdown.again", "it may be shut down again, and immediately after not so", since="3.13")
def _():
    async def body(q):
        full_of(q, 1)
        q.shutdown()
        q.shutdown()
        log(q)
        q.shutdown(immediate=True)
        log(q)
        q.shutdown()
        log(q)

    each_kind(0, body)


# The rest


@case("asyncio.queue.exceptions.kinds", "each an Exception and none another, all without a text")
def _():
    kinds = (asyncio.QueueEmpty, asyncio.QueueFull)
    for kind in kinds:
        log(kind.__name__, issubclass(kind, Exception), repr(str(kind())))
    log(issubclass(kinds[0], kinds[1]), issubclass(kinds[1], kinds[0]))


@case("asyncio.queue.exceptions.shutdown-kind", "QueueShutDown is neither QueueEmpty nor QueueFull", since="3.13")
def _():
    kind = asyncio.QueueShutDown
    log(kind.__name__, issubclass(kind, Exception), repr(str(kind())))
    log(issubclass(kind, asyncio.QueueEmpty), issubclass(kind, asyncio.QueueFull))


@case("asyncio.queue.loop.made-without", "it is made and used without a loop of its own", since="3.10")
def _():
    q = asyncio.Queue(2)

    async def put():
        await q.put(1)

    async def get():
        log(await q.get(), q)

    run_virtual(put())
    log(q)
    q.put_nowait(2)
    run_virtual(get())
    log(q.get_nowait())


@case("asyncio.queue.loop.another", "who has to wait in another loop than the first to wait gets RuntimeError", since="3.10")
def _():
    q = asyncio.Queue(1)

    async def main():
        tasks = await getters(q, "A")
        q.put_nowait(1)
        await all_of(tasks)

    async def again():
        log(await awaited(q.get()))
        await q.put(2)
        log(await awaited(q.put(3)), q)

    run_virtual(main())
    run_virtual(again())


@case("asyncio.queue.repr.state", "its repr says what it holds, who waits, and what is unfinished")
def _():
    async def body(q):
        log(repr(q))
        tasks = await getters(q, "A")
        log(repr(q))
        log(str(q))
        q.put_nowait(1)
        await all_of(tasks)
        log(str(q))
        full_of(q, 2, 3)
        tasks = await putters(q, 4, 2)
        log(repr(q))
        log(str(q))
        for task in tasks:
            task.cancel()
        await all_of(tasks)

    each_kind(2, body)


@case("asyncio.queue.repr.items", "items are shown as their reprs")
def _():
    async def main():
        q = asyncio.Queue()
        full_of(q, "a", "it's")
        log(q)
        numbers = asyncio.Queue()
        full_of(numbers, 0.5, 2.0)
        log(numbers)
        truths = asyncio.Queue()
        full_of(truths, True, False)
        log(truths)
        pairs = asyncio.PriorityQueue()
        full_of(pairs, (2, "b"), (1, "a"))
        log(pairs)
        lists = asyncio.Queue()
        full_of(lists, [1, None], [])
        log(lists)

    run_virtual(main())
