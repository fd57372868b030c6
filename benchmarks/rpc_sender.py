"""Keeps one large request in flight, back to back, in a process of its own.

So a lone caller is slowed by the server alone, and not by somebody who shares its interpreter.
`python -m benchmarks.rpc_sender --address HOST:PORT --method METHOD …` prints `ready` once an answer was found right,
and at SIGTERM, after the answer that is under way, how many flows were answered a second.
"""

import argparse
import asyncio
import signal
from time import perf_counter

import uvloop

from benchmarks.rpc_client import Client
from benchmarks.rpc_processes import READY, keep_to
from benchmarks.rpc_questions import Exam, Question


async def send(address: str, question: Question) -> None:
    """Asks again and again until SIGTERM, and prints."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with Client(address) as client:
        await client.ask(question)
        print(READY, flush=True)
        start, answers = perf_counter(), 0
        while not stopping.is_set():
            await client.ask(question)
            answers += 1
        print(answers * question.flows / (perf_counter() - start), flush=True)


def main() -> None:
    """Prepares the request and sends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--method", choices=("batch", "columns"), required=True)
    parser.add_argument("--rules", type=int, required=True)
    parser.add_argument("--members", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--core", type=int, help="run on this core only")
    arguments = parser.parse_args()
    keep_to(arguments.core)
    exam = Exam(arguments.rules, arguments.members, arguments.rows)
    question = exam.batch() if arguments.method == "batch" else exam.columns()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(send(arguments.address, question))


if __name__ == "__main__":
    main()
