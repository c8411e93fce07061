"""The document's first coroutine (lines 574-583)."""

import asyncio


async def main():
    print("Hello")
    await asyncio.sleep(1)
    print("World")


asyncio.run(main())
