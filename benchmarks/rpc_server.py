"""The server that is measured, in a process of its own: `python -m benchmarks.rpc_server --rules N --members N`.

It is the server that `pdp serve` runs, with a policy made here instead of one read from a bundle. With `--constant` its
CheckFlow looks at nothing and always gives that answer; all around it stays as it is.
"""

import argparse
from collections.abc import Mapping
from unittest.mock import patch

from benchmarks.rpc_processes import keep_to
from benchmarks.rpc_questions import policy_snapshot
from pdp.server.app import run
from pdp.server.config import ServerConfig
from pdp.server.decision_service import DecisionService
from pdp.server.guard import Context, Method
from pdp.server.logs import LogFormat, configure_logs
from pdp.v1.decision_service_pb2 import CheckFlowRequest, CheckFlowResponse


def main() -> None:
    """Serves on any free port until it is told to stop; logs JSON lines to stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, required=True)
    parser.add_argument("--members", type=int, required=True)
    parser.add_argument("--core", type=int, help="run on this core only")
    parser.add_argument("--constant", type=bytes.fromhex, help="a serialised CheckFlowResponse in hexadecimal")
    arguments = parser.parse_args()
    keep_to(arguments.core)
    configure_logs(LogFormat.JSON)
    if arguments.constant:
        _answer_always(CheckFlowResponse.FromString(arguments.constant))
    run(ServerConfig(listen="127.0.0.1:0"), lambda: policy_snapshot(arguments.rules, arguments.members))


def _answer_always(constant: CheckFlowResponse) -> None:
    """From now on, CheckFlow reads a request and writes this answer as any servicer does, and nothing in between."""
    real = DecisionService.methods

    async def empty(_request: CheckFlowRequest, _context: Context) -> CheckFlowResponse:
        return constant

    def methods(service: DecisionService) -> Mapping[str, Method]:
        method = Method(CheckFlowRequest.FromString, empty, CheckFlowResponse.SerializeToString)
        return {**real(service), "CheckFlow": method}

    patch.object(DecisionService, "methods", methods).start()


if __name__ == "__main__":
    main()
