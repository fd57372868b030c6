"""What `pdp` says of servers that do not answer as they should."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
import trustme
from grpc_status import rpc_status

from pdp.model.errors import PdpError, Reason
from pdp.server.status import status_of
from pdp.v1 import flow_pb2
from pdp.v1.decision_service_pb2 import CheckFlowResponse
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


FLOW = {"eni": "eni-1", "direction": "ingress", "protocol": "TCP", "src": "198.51.100.7", "dst": "10.0.0.5"}


@pytest.mark.parametrize("most", [1, 3, 4])
async def test_a_file_is_cut_into_batches_that_the_server_takes(
    most: int, start_server: StartServer, tmp_path: Path
) -> None:
    running = await start_server(POLICY, most_batch_rows=most)
    lines = [json.dumps(FLOW | {"src_port": port, "dst_port": port}) for port in range(1, 12)]
    file = tmp_path / "flows.jsonl"
    file.write_text("\n".join([*lines[:5], "nonsense", *lines[5:]]))
    ended = await pdp("check", "--flows", str(file), "--server", running.address, "--regions")
    whole = await start_server(POLICY)
    assert ended == await pdp("check", "--flows", str(file), "--server", whole.address, "--regions")
    assert (ended.code, ended.out.count("\n")) == (0, 12)


@pytest.mark.parametrize(("refusals", "code"), [(0, 0), (2, 0), (99, 4)])
async def test_a_question_is_asked_again_while_the_server_has_too_many(refusals: int, code: int) -> None:
    calls = []

    async def answer(request: bytes, context: Any) -> bytes:
        calls.append(request)
        if len(calls) <= refusals:
            error = PdpError(Reason.TOO_MANY_REQUESTS, "too many")
            await context.abort_with_status(rpc_status.to_status(status_of(error)))
        verdict = flow_pb2.Verdict(action=flow_pb2.ACTION_DROP, reason=flow_pb2.VERDICT_REASON_DEFAULT)
        return CheckFlowResponse(verdict=verdict).SerializeToString()

    server = grpc.aio.server()
    methods: dict[str, Any] = {"CheckFlow": grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("pdp.v1.DecisionService", methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ended = await pdp(*WORDS, "--server", f"127.0.0.1:{port}")
    await server.stop(0)
    assert ended.code == code
    assert len(calls) == min(refusals + 1, 5)
    assert ("TOO_MANY_REQUESTS" in ended.err) is (code == 4)


class Tls(NamedTuple):
    """Files of a CA and of a certificate, and of a CA that is another."""

    ca: Path
    other_ca: Path
    settings: dict[str, object]


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    files = Tls(
        tmp_path / "ca.pem", tmp_path / "other.pem", {"tls_cert": tmp_path / "crt", "tls_key": tmp_path / "key"}
    )
    ca, other = trustme.CA(), trustme.CA()
    issued = ca.issue_cert("127.0.0.1")
    ca.cert_pem.write_to_path(files.ca)
    other.cert_pem.write_to_path(files.other_ca)
    issued.cert_chain_pems[0].write_to_path(tmp_path / "crt")
    issued.private_key_pem.write_to_path(tmp_path / "key")
    return files


async def test_each_mistake_with_tls_says_what_it_is(start_server: StartServer, tls: Tls) -> None:
    running = await start_server(POLICY, **tls.settings)
    good = await pdp(*WORDS, "--server", running.address, "--ca", str(tls.ca))
    assert (good.code, good.err) == (0, "")
    for ca, said in (
        ((), "a server with TLS is asked with --ca FILE"),
        (("--ca", str(tls.other_ca)), "the server's certificate is not of the CA that --ca names"),
        (("--ca", "system"), "the server's certificate is not of the CA that --ca names"),
    ):
        ended = await pdp(*WORDS, "--server", running.address, *ca)
        assert (ended.code, ended.out, ended.err.count("\n")) == (4, "", 1)
        assert said in ended.err


async def test_a_server_without_tls_says_so_to_who_wants_it(start_server: StartServer, tls: Tls) -> None:
    running = await start_server(POLICY)
    ended = await pdp(*WORDS, "--server", running.address, "--ca", str(tls.ca))
    assert (ended.code, ended.err.count("\n")) == (4, 1)
    assert "the server has no TLS, which --ca asks for" in ended.err


async def test_grpc_s_own_lines_come_when_they_are_asked_for(start_server: StartServer, tls: Tls) -> None:
    running = await start_server(POLICY, **tls.settings)
    words = (*WORDS, "--server", running.address, "--ca", str(tls.other_ca))
    assert (await pdp(*words, GRPC_VERBOSITY="INFO")).err.count("\n") > 1
