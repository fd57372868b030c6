"""What `pdp` says of servers that do not answer as they should."""

import asyncio
import os
import subprocess
import sys
from typing import NamedTuple

from tests.architecture.sources import ROOT
from tests.builders import eni, group, policy
from tests.end_to_end.conftest import StartServer

POLICY = policy([group("sg-1")], [eni("eni-1", "10.0.0.5", groups=["sg-1"])])
WORDS = ("check", "eni-1", "ingress", "icmp", "198.51.100.7", "10.0.0.5")


class Ended(NamedTuple):
    code: int | None
    out: str
    err: str


async def pdp(*words: str, **env: str) -> Ended:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "pdp.cli", *words]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **env}, stdout=pipe, stderr=pipe
    )
    out, err = await process.communicate()
    return Ended(process.returncode, out.decode(), err.decode())


async def test_a_server_without_a_policy_yet_is_quoted(start_server: StartServer) -> None:
    running = await start_server()
    ended = await pdp(*WORDS, "--server", running.address)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith(f"pdp: the server at {running.address} says NOT_READY: the policy is not loaded yet")


async def test_a_proxy_of_the_environment_is_not_asked(start_server: StartServer) -> None:
    running = await start_server(POLICY)
    ended = await pdp(*WORDS, "--server", running.address, http_proxy="http://127.0.0.1:1", no_proxy="")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("DROP  DEFAULT")


async def test_what_speaks_no_grpc_is_no_server() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as listener:
        host, port = listener.sockets[0].getsockname()
        ended = await pdp(*WORDS, "--server", f"{host}:{port}")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith(f"pdp: no answer from a server at {host}:{port}: ")
    assert ended.err.count("\n") == 1
