"""Twins of some of the harness's sample cases, for the test of the live cross-check."""
from case import case, log


@case("sample.pass.equal", "says what CPython said")
def _():
    log("one", 1)


@case("sample.pass.one-of-set", "says one of the outcomes that CPython showed")
def _():
    log("first")


@case("sample.skip.reason", "has a reason")
def _():
    log("CPython does not skip")


@case("sample.fail.differs", "says something else")
def _():
    log("same")
    log("theirs")
    log("end")


@case("sample.fail.not-in-set", "shows an outcome never seen")
def _():
    log("first")


@case("sample.crash.signal", "kills itself")
def _():
    log("survives")


@case("sample.live.of-the-future", "needs a later version", since="3.99")
def _():
    log("never")


@case("sample.live.no-case", "has no C++ case")
def _():
    log("alone")
