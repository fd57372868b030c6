"""Makes commits at a steady rate, in a process of its own: `python -m benchmarks.store_sender --address … --rate 100`.

It prints `ready` once the first was made, and at SIGTERM, after the rule is as it was, how many were made a second. A
commit that is late is made as soon as the one before it is.
"""

import argparse
import asyncio
import signal
from time import perf_counter

import uvloop

from benchmarks.rpc_processes import READY, keep_to
from benchmarks.store_client import StoreClient


async def send(address: str, rate: float) -> None:
    """Commits until SIGTERM, and prints."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with StoreClient(address) as client:
        await client.commit(adds=True)
        print(READY, flush=True)
        start, made = perf_counter(), 1
        while not stopping.is_set() or made % 2:
            await client.commit(adds=made % 2 == 0)
            made += 1
            await asyncio.sleep(max(0.0, start + made / rate - perf_counter()))
        print((made - 1) / (perf_counter() - start), flush=True)


def main() -> None:
    """Sends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--rate", type=float, required=True, help="commits a second")
    parser.add_argument("--core", type=int, help="run on this core only")
    arguments = parser.parse_args()
    keep_to(arguments.core)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(send(arguments.address, arguments.rate))


if __name__ == "__main__":
    main()
