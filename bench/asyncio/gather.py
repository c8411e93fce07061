"""CPython's asyncio.gather in the row of gather.cpp."""
import os
import sys

sys.path[0] = os.path.join(sys.path[0], "..", "harness")  # not where queue.py is ours
import asyncio  # noqa: E402
import time  # noqa: E402

from scenario import check, main, row  # noqa: E402


async def numbered(n):
    return n


async def gather_all(count):
    start = time.perf_counter()
    results = await asyncio.gather(*[numbered(n) for n in range(count)])
    seconds = time.perf_counter() - start
    check(results, list(range(count)))
    return seconds


@row("asyncio.gather", 100_000)
def gather(count):
    return asyncio.run(gather_all(count))


if __name__ == "__main__":
    sys.exit(main())
