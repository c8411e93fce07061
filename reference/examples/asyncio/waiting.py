"""The document's wait() for a task (lines 616-626), and what there is to say of a time limit, which it only names.

Mended: create_task() and await stand in a coroutine, which they need.
"""

import asyncio


async def foo():
    return 42


async def main():
    task = asyncio.create_task(foo())
    done, pending = await asyncio.wait({task})
    if task in done:
        print('done:', task.result())

    slow = asyncio.create_task(asyncio.sleep(3600))
    ended, left = await asyncio.wait({slow}, timeout=0.01)
    print(f'pending: {slow in left:d}')
    slow.cancel()

    try:
        await asyncio.wait_for(asyncio.sleep(3600), 0.01)
    except asyncio.TimeoutError:
        print('timeout')


asyncio.run(main())
