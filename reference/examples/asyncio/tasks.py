"""The document's task (lines 599-612).

Mended: it prints the result, which was awaited and dropped.
"""

import asyncio


async def nested():
    return 42


async def main():
    task = asyncio.create_task(nested())
    # "task" can now be used to cancel "nested()", or
    # can simply be awaited to wait until it is complete:
    print(await task)


asyncio.run(main())
