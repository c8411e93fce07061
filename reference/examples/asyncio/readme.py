"""The README's asyncio: the twin of conformance/examples/asyncio/readme.cpp.

Since 3.11
"""

import asyncio


async def fetch(name, delay):
    await asyncio.sleep(delay)
    if not name:
        raise ValueError('no name')
    return f'page of {name}'


async def fetch_all():
    a, b = await asyncio.gather(fetch('a', 0.02), fetch('b', 0.01))
    print(a, b, sep=', ')

    async with asyncio.TaskGroup() as tg:
        tg.create_task(fetch('c', 0.01))
        task = tg.create_task(fetch('d', 0.001))
    print(task.result())

    try:
        await asyncio.wait_for(fetch('e', 3600), 0.01)
    except asyncio.TimeoutError:
        print('too slow')

    try:
        async with asyncio.timeout(10):
            await fetch('', 0.001)
    except ValueError as error:
        print(error)


asyncio.run(fetch_all())
