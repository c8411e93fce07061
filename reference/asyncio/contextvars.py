"""Twins: contextvars."""

import asyncio
import contextvars
import threading

from case import case, log, raised
from support import run_virtual


@case("asyncio.contextvars.get", "a variable has the value that was set last, or its default; without either, get() raises LookupError")
def _():
    with_default, without = contextvars.ContextVar("with", default=1), contextvars.ContextVar("without")
    log(with_default.get(), raised(without.get).split(":")[0], without.get(2), with_default.get(3))
    with_default.set(4)
    without.set(5)
    log(with_default.get(), without.get(), without.get(6))
    log(with_default.name, without.name)


@case("asyncio.contextvars.reset", "reset() puts back what was before, also nothing")
def _():
    var = contextvars.ContextVar("var")
    first = var.set(1)
    second = var.set(2)
    log(first.old_value is contextvars.Token.MISSING, second.old_value, first.var is var)
    var.reset(second)
    log(var.get())
    var.reset(first)
    log(var.get("nothing"))


@case("asyncio.contextvars.token-once", "a token can be used once, for its variable, in its context")
def _():
    var, other = contextvars.ContextVar("var"), contextvars.ContextVar("other")
    token = var.set(1)
    log(raised(lambda: other.reset(token)).split(":")[0])
    log(raised(lambda: contextvars.copy_context().run(var.reset, token)).split(":")[0])
    var.reset(token)
    log(raised(lambda: var.reset(token)).split(":")[0])


@case("asyncio.contextvars.run", "Context.run() calls in that context; what is set there stays there")
def _():
    var = contextvars.ContextVar("var", default="nothing")
    var.set("outside")
    context = contextvars.copy_context()

    def inside(value):
        old = var.get()
        var.set(value)
        return old

    log(context.run(inside, "first"), context.run(inside, "second"), var.get())
    log(context[var])
    log(raised(lambda: context.run(fail_after_setting, var)))
    log(context[var], var.get())


def fail_after_setting(var):
    var.set("before failing")
    raise ValueError("bad")


@case("asyncio.contextvars.run-nested", "contexts nest, but none in itself")
def _():
    var = contextvars.ContextVar("var", default="nothing")
    outer, inner = contextvars.Context(), contextvars.Context()

    def in_outer():
        var.set("outer")
        inner.run(in_inner)
        log(var.get())
        log(raised(lambda: outer.run(log, "never")).split(": <")[0])

    def in_inner():
        log(var.get())
        var.set("inner")
        log(raised(lambda: outer.run(log, "never")).split(": <")[0])

    outer.run(in_outer)
    log(var.get(), outer[var], inner[var])


@case("asyncio.contextvars.copy", "a copy has the values of that moment, and its own from then on")
def _():
    var, other = contextvars.ContextVar("var"), contextvars.ContextVar("other")
    var.set(1)
    first = contextvars.copy_context()
    second = first.copy()
    first.run(var.set, 2)
    first.run(other.set, 3)
    log(first[var], second[var], var.get(), other in first, other in second)


@case("asyncio.contextvars.mapping", "a context says what it holds")
def _():
    var, other = contextvars.ContextVar("var"), contextvars.ContextVar("other")
    context = contextvars.Context()
    log(len(context), var in context, context.get(var), context.get(var, "nothing"), raised(lambda: context[var]).split(":")[0])
    context.run(var.set, 1)
    log(len(context), var in context, other in context, context.get(var), context[var])


@case("asyncio.contextvars.threads", "every thread has its own context, which is empty at first")
def _():
    var = contextvars.ContextVar("var", default="nothing")
    var.set("main's")

    def elsewhere(value):
        log(var.get())
        var.set(value)
        log(var.get())

    for value in ("first", "second"):
        thread = threading.Thread(target=elsewhere, args=(value,))
        thread.start()
        thread.join()
    log(var.get())


@case("asyncio.contextvars.many", "many variables in many contexts keep apart")
def _():
    variables = [contextvars.ContextVar("v%d" % n) for n in range(50)]
    contexts = []
    for n, var in enumerate(variables):
        contexts.append(contextvars.copy_context())
        var.set(n)
    log([len(context) - len(contexts[0]) for context in contexts[::10]])
    log([context.get(variables[20]) for context in contexts[19:23]])
    log([var.get() for var in variables[::10]])


@case("asyncio.contextvars.across-awaits", "a coroutine that awaits another has the same context, and keeps it across waits")
def _():
    var = contextvars.ContextVar("var", default="nothing")

    async def inner():
        log(var.get())
        token = var.set("inner")
        await asyncio.sleep(1)
        return token

    async def main():
        var.set("main")
        token = await inner()
        log(var.get())
        var.reset(token)
        log(var.get())

    run_virtual(main())
    log(var.get())
