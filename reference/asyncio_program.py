"""What CPython's asyncio does when it runs a program on virtual time, in its order: see PROTOCOL.md, `asyncio`."""

import asyncio
import contextvars
import inspect
import sys

import virtual_time

BODIES = 6
UNIT = 0.25  # seconds: sums of it are exact
PATIENCE = 4000  # units: nothing that goes on by itself takes so long
MOST_BEGUN, MOST_EVENTS, MOST_ROUNDS = 100, 600, 100
NOWHERE = 1 << 30

NEWER = {
    (3, 11): "timeout timeout_at reschedule expired barrier_wait barrier_reset barrier_abort cancelling",
    (3, 12): "wait_for wait_for_body wait gather gather_kept",
    (3, 13): "shutdown uncancel group group_create with_semaphore sem_acquire with_condition cond_acquire cond_wait "
    "cond_wait_for as_completed",
}
NEEDED = {name: version for version, names in NEWER.items() for name in names.split()}


def features():
    return ["asyncio.%d.%d" % version for version in NEWER if sys.version_info >= version]


class Nothing(Exception):
    """What the operation is about is not there."""


class Ordered(dict):
    """A set that is iterated in the order in which its members came: which order CPython has is not told."""

    def add(self, member):
        self[member] = None

    def discard(self, member):
        self.pop(member, None)


class Entry:
    """A future that operations address.

    reach: the first task that what it waits for may be of. A task waits for those that reach only later ones than
    itself: a cycle of cancellations would never end.
    """

    def __init__(self, kind, future, reach=NOWHERE):
        self.kind, self.future, self.reach = kind, future, reach
        self.has_awaited_itself = False  # nobody can await such a task of CPython any more


class Scope:
    """Where a body runs: in which task, and in which blocks of it."""

    def __init__(self, own, group=None, timeout=None, in_condition=False, is_unknown=False, body=0, instance=0):
        self.own, self.group, self.timeout = own, group, timeout
        self.in_condition = in_condition
        self.is_unknown = is_unknown  # perhaps the task is none of the entries
        self.body, self.instance = body, instance

    def but(self, **changed):
        return Scope(**{**vars(self), **changed})


VARIABLE = contextvars.ContextVar("variable", default=0)


def described(error):
    """Name and text, and those of what a group holds; what is beyond a "<" is an address or a state."""
    parts = [type(error).__name__, str(error).split("<")[0]]
    if hasattr(error, "exceptions"):
        parts.append([described(part) for part in error.exceptions])
    return parts


def shown(value):
    if isinstance(value, BaseException):
        return {"exception": described(value)}
    return list(map(shown, value)) if isinstance(value, list) else value


class Run:
    """One program. An operation is a method do_<name>(scope, arguments...); those without a scope are actions too."""

    def __init__(self, bodies, eager):
        self.bodies, self.eager = bodies, eager
        self.events, self.entries, self.strays, self.handles, self.callbacks = [], [], [], [], []
        self.begun = 0

    def run(self):
        virtual_time.run(self.drive())
        return self.events

    # -- the whole

    async def drive(self):
        self.loop = asyncio.get_running_loop()
        self.start = self.loop.time()
        self.loop.set_exception_handler(self.report)
        self.locks = [asyncio.Lock(), asyncio.Lock()]
        self.semaphores = [asyncio.Semaphore(2), asyncio.BoundedSemaphore(1)]
        self.conditions, self.cells = [asyncio.Condition(), asyncio.Condition()], [0, 0]
        self.signals = [asyncio.Event(), asyncio.Event()]
        self.queues = [asyncio.Queue(), asyncio.Queue(1), asyncio.LifoQueue(2), asyncio.PriorityQueue(2)]
        if hasattr(asyncio, "Barrier"):
            self.barriers = [asyncio.Barrier(2), asyncio.Barrier(3)]
        if self.eager:
            self.loop.set_task_factory(asyncio.eager_task_factory)
        main = self.start_task(0)
        await asyncio.wait([main], timeout=PATIENCE * UNIT)
        for _ in range(MOST_ROUNDS):
            if not await self.end_some():
                break
        self.event("end", [self.ending(entry.future) for entry in self.entries if entry])

    async def end_some(self):
        """Cancels what is left, once; whether there was anything."""
        for lock in (self.locks[1], self.conditions[1]):
            if lock.locked():
                lock.release()
        tasks = [entry.future for entry in self.entries if entry and entry.kind == "task"]
        left = [task for task in Ordered.fromkeys([*tasks, *self.strays]) if not task.done()]
        if not left:
            return False
        self.event("cancel", len(left))
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=PATIENCE * UNIT)
        return True

    def ending(self, future):
        if not future.done():
            return "pending"
        if future.cancelled():
            return "cancelled"
        return shown(future.exception() or future.result())

    def event(self, *what):
        if len(self.events) < MOST_EVENTS:
            self.events.append([round((self.loop.time() - self.start) / UNIT), *what])

    def report(self, loop, context):
        if context["message"].startswith("Exception in callback"):
            self.event("report", described(context["exception"]))

    # -- bodies

    async def body(self, index, scope):
        if self.begun == MOST_BEGUN or len(self.events) >= MOST_EVENTS:
            return -1
        instance, self.begun = self.begun, self.begun + 1
        if scope.is_unknown:
            self.strays.append(asyncio.current_task())
        scope = scope.but(is_unknown=False, body=index, instance=instance)
        self.event("begin", instance, index)
        try:
            for position, name, arguments, options in self.bodies[index]:
                if name == "return":
                    self.event(instance, position, "return")
                    return arguments[0]
                if len(self.events) < MOST_EVENTS:
                    await self.perform(scope, position, name, arguments, options.get("catch", 0))
        finally:
            self.event("leave", instance)
        return instance

    async def perform(self, scope, position, name, arguments, catch):
        try:
            method = getattr(self, "do_" + name)
            value = method(*arguments) if name in ACTIONS else method(scope, *arguments)
            if inspect.iscoroutine(value):
                value = await value
        except Nothing:
            value = None
        except BaseException as error:
            self.event(scope.instance, position, {"raised": described(error)})
            if catch == 0 or (catch == 1 and not isinstance(error, Exception)):
                raise
            return
        self.event(scope.instance, position, shown(value))

    def below(self, scope, index):
        """A body after the one that runs: no body comes to itself."""
        after = scope.body + 1
        if after == BODIES:
            raise Nothing
        return after + index % (BODIES - after)

    def inline(self, index, scope, **changed):
        return self.body(index, scope.but(**changed))

    def start_task(self, index, create=None, **scope):
        number = len(self.entries)
        self.entries.append(None)  # an eager task runs before it is known
        task = (create or self.loop.create_task)(self.body(index, Scope(number, **scope)))
        self.entries[number] = Entry("task", task, number)
        return task

    def keep(self, kind, future, reach=NOWHERE):
        self.entries.append(Entry(kind, future, reach))
        return len(self.entries) - 1

    # -- what is addressed

    def entry(self, number, allowed=lambda entry: True):
        some = [entry for entry in self.entries if entry and allowed(entry)]
        if not some:
            raise Nothing
        return some[number % len(some)]

    def of_numbers(self, number):
        return self.entry(number, lambda entry: entry.kind != "gather")

    def promise(self, number):
        return self.entry(number, lambda entry: entry.kind == "future").future

    def awaitable(self, scope, number, of_numbers=True):
        return self.entry(
            number,
            lambda entry: entry.reach > scope.own
            and not (of_numbers and entry.kind == "gather")
            and not entry.has_awaited_itself,
        )

    def indices(self, futures):
        return sorted(index for index, entry in enumerate(self.entries) if entry and entry.future in futures)

    # -- actions: they do not wait, and a callback may run them

    def do_cancel(self, number, message):
        return self.entry(number).future.cancel(*([message] if message else []))

    def do_done(self, number):
        return self.entry(number).future.done()

    def do_cancelled(self, number):
        return self.entry(number).future.cancelled()

    def do_result(self, number):
        return self.entry(number).future.result()

    def do_exception(self, number):
        return self.entry(number).future.exception()

    def do_new_future(self):
        return self.keep("future", self.loop.create_future())

    def do_set_result(self, number, value):
        self.promise(number).set_result(value)

    def do_set_exception(self, number, text):
        self.promise(number).set_exception(ValueError(text))

    def do_add_done_callback(self, number, raises):
        future, label = self.entry(number).future, len(self.callbacks)

        def callback(done):
            self.event("callback", label, done is future)
            if raises:
                raise ValueError(f"callback {label}")

        future.add_done_callback(callback)
        self.callbacks.append((future, callback))
        return label

    def do_remove_done_callback(self, number):
        if not self.callbacks:
            raise Nothing
        future, callback = self.callbacks[number % len(self.callbacks)]
        return future.remove_done_callback(callback)

    def do_call_soon(self, action):
        return self.keep_handle(self.loop.call_soon, action)

    def do_call_later(self, delay, action):
        return self.keep_handle(lambda *call: self.loop.call_later(delay * UNIT, *call), action)

    def do_call_at(self, when, action):
        return self.keep_handle(lambda *call: self.loop.call_at(self.start + when * UNIT, *call), action)

    def keep_handle(self, schedule, action):
        label = len(self.handles)
        self.handles.append(schedule(self.called, label, action))
        return label

    def called(self, label, action):
        """A handle's callback; what the action raises goes to the loop's handler of exceptions."""
        self.event("called", label)
        name, *arguments = action
        try:
            value = getattr(self, "do_" + name)(*arguments)
        except Nothing:
            value = None
        self.event("did", label, shown(value))

    def handle(self, number):
        if not self.handles:
            raise Nothing
        return self.handles[number % len(self.handles)]

    def do_cancel_handle(self, number):
        self.handle(number).cancel()

    def do_handle_cancelled(self, number):
        return self.handle(number).cancelled()

    def do_event_set(self, which):
        self.signals[which].set()

    def do_event_clear(self, which):
        self.signals[which].clear()

    def do_put_nowait(self, which, item):
        self.queues[which].put_nowait(item)

    def do_get_nowait(self, which):
        return self.queues[which].get_nowait()

    def do_task_done(self, which):
        self.queues[which].task_done()

    def do_qsize(self, which):
        return [self.queues[which].qsize(), self.queues[which].full()]

    def do_shutdown(self, which, immediate):
        self.queues[which].shutdown(immediate=bool(immediate))

    def do_release(self):
        self.locks[1].release()

    def do_locked(self):
        return [lock.locked() for lock in [*self.locks, *self.semaphores, *self.conditions]]

    def do_sem_release(self, which):
        self.semaphores[which].release()

    def do_cell(self, which, value):
        self.cells[which] = value

    def do_variable(self):
        return VARIABLE.get()

    def do_set_variable(self, value):
        VARIABLE.set(value)

    def do_tasks(self):
        return len(asyncio.all_tasks(self.loop))

    def do_raise(self, text):
        raise ValueError(text)

    # -- what a body does without waiting

    def do_create_task(self, scope, index):
        return self.indices([self.start_task(self.below(scope, index))])

    def do_group_create(self, scope, index):
        index = self.below(scope, index)
        if scope.group is None:
            return self.indices([self.start_task(index)])
        return self.indices([self.start_task(index, self.created_by(scope.group), group=scope.group)])

    def created_by(self, group):
        def create(coroutine):
            try:
                return group.create_task(coroutine)
            except RuntimeError:
                coroutine.close()
                raise

        return create

    def do_cancelling(self, scope):
        return asyncio.current_task().cancelling()

    def do_uncancel(self, scope):
        return asyncio.current_task().uncancel()

    def do_gather_kept(self, scope, numbers, outcomes):
        some = [self.of_numbers(number) for number in numbers]
        future = asyncio.gather(*(entry.future for entry in some), return_exceptions=bool(outcomes))
        return self.keep("gather", future, min(entry.reach for entry in some))

    def do_shield_kept(self, scope, number):
        return self.keep("shield", asyncio.shield(self.of_numbers(number).future))

    def do_reschedule(self, scope, delay):
        if scope.timeout is None:
            raise Nothing
        scope.timeout.reschedule(None if delay is None else self.loop.time() + delay * UNIT)

    def do_expired(self, scope):
        if scope.timeout is None:
            raise Nothing
        when = scope.timeout.when()
        return [scope.timeout.expired(), None if when is None else round((when - self.start) / UNIT)]

    def do_notify(self, scope, n):
        self.condition(scope).notify(n)

    def do_notify_all(self, scope):
        self.condition(scope).notify_all()

    def condition(self, scope):
        return self.conditions[0 if scope.in_condition else 1]

    # -- what waits

    async def do_sleep(self, scope, delay):
        return await asyncio.sleep(delay * UNIT, delay)

    async def do_turns(self, scope, count):
        for turn in range(count):
            await asyncio.sleep(0)
            self.event(scope.instance, "turn", turn)

    async def do_await(self, scope, number):
        return await self.awaitable(scope, number, of_numbers=False).future

    async def do_await_itself(self, scope):
        task = asyncio.current_task()
        for entry in self.entries:
            if entry and entry.future is task and not entry.has_awaited_itself:
                entry.has_awaited_itself = True
                return await task
        raise Nothing

    def do_call(self, scope, index):
        return self.inline(self.below(scope, index), scope)

    async def do_gather(self, scope, numbers, outcomes):
        some = [self.awaitable(scope, number).future for number in numbers]
        return await asyncio.gather(*some, return_exceptions=bool(outcomes))

    async def do_gather_bodies(self, scope, indices, outcomes):
        some = [self.body(index, Scope(scope.own, is_unknown=True)) for index in [self.below(scope, index) for index in indices]]
        return await asyncio.gather(*some, return_exceptions=bool(outcomes))

    async def do_shield(self, scope, number):
        return await asyncio.shield(self.of_numbers(number).future)

    async def do_shield_body(self, scope, index):
        return await asyncio.shield(self.body(self.below(scope, index), Scope(scope.own, is_unknown=True)))

    async def do_wait(self, scope, numbers, timeout, return_when):
        some = [self.entry(number).future for number in numbers]
        done, pending = await asyncio.wait(
            some,
            timeout=seconds(timeout),
            return_when=[asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION][return_when],
        )
        return [self.indices(done), self.indices(pending)]

    async def do_wait_for(self, scope, number, timeout):
        return await asyncio.wait_for(self.awaitable(scope, number).future, seconds(timeout))

    async def do_wait_for_body(self, scope, index, timeout):
        body = self.inline(self.below(scope, index), scope, is_unknown=True)  # eager tasks run before they are cancelled
        try:
            return await asyncio.wait_for(body, seconds(timeout))
        finally:
            if inspect.getcoroutinestate(body) == inspect.CORO_CREATED:
                body.close()

    async def do_as_completed(self, scope, numbers, timeout):
        some = []  # of those that are done already, one: the order of a set is not told
        for number in numbers:
            future = self.of_numbers(number).future
            if future not in some and not (future.done() and any(other.done() for other in some)):
                some.append(future)
        for step, completed in enumerate(asyncio.as_completed(some, timeout=seconds(timeout))):
            try:
                value = await completed
            except Exception as error:
                value = error
            self.event(scope.instance, "completed", step, shown(value))

    async def do_timeout(self, scope, delay, index):
        index = self.below(scope, index)
        async with asyncio.timeout(seconds(delay)) as timeout:
            return await self.inline(index, scope, timeout=timeout)

    async def do_timeout_at(self, scope, when, index):
        index = self.below(scope, index)
        async with asyncio.timeout_at(self.start + when * UNIT) as timeout:
            return await self.inline(index, scope, timeout=timeout)

    async def do_group(self, scope, index):
        index = self.below(scope, index)
        async with asyncio.TaskGroup() as group:
            group._tasks = Ordered()
            return await self.inline(index, scope, group=group)

    async def do_with_lock(self, scope, index):
        index = self.below(scope, index)
        async with self.locks[0]:
            return await self.inline(index, scope)

    async def do_acquire(self, scope):
        return await self.locks[1].acquire()

    async def do_with_semaphore(self, scope, index):
        index = self.below(scope, index)
        async with self.semaphores[0]:
            return await self.inline(index, scope)

    async def do_sem_acquire(self, scope, which):
        return await self.semaphores[which].acquire()

    async def do_with_condition(self, scope, index):
        index = self.below(scope, index)
        async with self.conditions[0]:
            return await self.inline(index, scope, in_condition=True)

    async def do_cond_acquire(self, scope):
        return await self.conditions[1].acquire()

    def do_cond_release(self):
        self.conditions[1].release()

    async def do_cond_wait(self, scope):
        return await self.condition(scope).wait()

    async def do_cond_wait_for(self, scope, which, least):
        return await self.condition(scope).wait_for(lambda: self.cells[which] >= least)

    async def do_event_wait(self, scope, which):
        return await self.signals[which].wait()

    async def do_barrier_wait(self, scope, which):
        return await self.barriers[which].wait()

    async def do_barrier_reset(self, scope, which):
        await self.barriers[which].reset()

    async def do_barrier_abort(self, scope, which):
        await self.barriers[which].abort()

    async def do_put(self, scope, which, item):
        await self.queues[which].put(item)

    async def do_get(self, scope, which):
        return await self.queues[which].get()

    async def do_join(self, scope, which):
        await self.queues[which].join()


def seconds(delay):
    return None if delay is None else delay * UNIT


OPERATIONS = {name[3:]: list(inspect.signature(method).parameters)[1:] for name, method in vars(Run).items() if name.startswith("do_")}
ACTIONS = {name for name, parameters in OPERATIONS.items() if parameters[:1] != ["scope"]}


def taken_apart(operations):
    """For each body its operations: [(position, name, arguments, options)]."""
    bodies = [[] for _ in range(BODIES)]
    for position, (body, name, *arguments) in enumerate(operations):
        options = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
        if name != "return" and name not in OPERATIONS:
            raise ValueError(f"unknown operation {name!r}")
        if sys.version_info < NEEDED.get(name, (3,)):
            raise NotImplementedError(name)
        expected = ["value"] if name == "return" else [it for it in OPERATIONS[name] if it != "scope"]
        if len(arguments) != len(expected):
            raise ValueError(f"wrong arguments of {name!r}")
        bodies[body % BODIES].append((position, name, arguments, options))
    return bodies


def run(program):
    return Run(taken_apart(program["operations"]), program.get("eager", False)).run()
