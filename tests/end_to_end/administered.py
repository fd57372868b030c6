"""A server that tells callers apart, on a store in memory, and clients of it: what tests of administration talk to.

One server can serve a whole module, as long as a test makes what it needs itself and sets no limits of others.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from pdp.formats.bundle_writer import bundle_files
from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import AccountId
from pdp.model.resources import Resources
from pdp.policy.snapshot import Snapshot
from pdp.server.app import PolicyServer
from pdp.server.config import ServerConfig
from pdp.server.credentials import new_token
from pdp.server.opening import StoreToServe
from pdp.v1.account_service_pb2_grpc import AccountServiceStub
from pdp.v1.decision_service_pb2 import CheckFlowRequest, CheckFlowResponse
from pdp.v1.decision_service_pb2_grpc import DecisionServiceStub
from pdp.v1.import_service_pb2 import BundleFile, CommitImportRequest, CommitImportResponse, StageBundlePartRequest
from pdp.v1.import_service_pb2_grpc import ImportServiceStub
from pdp.v1.network_service_pb2 import CreateInstanceRequest, CreateNetworkInterfaceRequest, CreateVpcRequest
from pdp.v1.network_service_pb2_grpc import NetworkServiceStub
from pdp.v1.resources_pb2 import Permission
from pdp.v1.security_group_service_pb2 import AuthorizeSecurityGroupRequest, CreateSecurityGroupRequest
from pdp.v1.security_group_service_pb2_grpc import SecurityGroupServiceStub
from tests.builders import ACCOUNT
from tests.end_to_end.conftest import ANY_PORT
from tests.server.messages import ssh

if TYPE_CHECKING:  # their names exist for type checkers only
    from pdp.v1.account_service_pb2_grpc import AccountServiceAsyncStub
    from pdp.v1.decision_service_pb2_grpc import DecisionServiceAsyncStub
    from pdp.v1.import_service_pb2_grpc import ImportServiceAsyncStub
    from pdp.v1.network_service_pb2_grpc import NetworkServiceAsyncStub
    from pdp.v1.security_group_service_pb2_grpc import SecurityGroupServiceAsyncStub

OTHER_ACCOUNT = AccountId("2000")
CALLERS = (
    Caller(CallerKind.OPERATOR, name="op"),
    Caller(CallerKind.ACCOUNT, ACCOUNT),
    Caller(CallerKind.ACCOUNT, OTHER_ACCOUNT),
    Caller(CallerKind.USER, ACCOUNT, "alice"),
)
MOST_AT_ONCE = 100
"""Rules in one request (§5.4)."""


class WithToken(grpc.aio.UnaryUnaryClientInterceptor):
    """Shows a token with each call."""

    def __init__(self, token: str) -> None:
        self._shown = ("authorization", f"Bearer {token}")

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """The call with the token as its metadata."""
        return await continuation(client_call_details._replace(metadata=grpc.aio.Metadata(self._shown)), request)


class Client:
    """One caller's stubs, and what most cases begin with."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.groups: SecurityGroupServiceAsyncStub = SecurityGroupServiceStub(channel)
        self.network: NetworkServiceAsyncStub = NetworkServiceStub(channel)
        self.accounts: AccountServiceAsyncStub = AccountServiceStub(channel)
        self.decisions: DecisionServiceAsyncStub = DecisionServiceStub(channel)
        self.imports: ImportServiceAsyncStub = ImportServiceStub(channel)

    async def vpc(self) -> str:
        """A new VPC of 10.0.0.0/8."""
        return (await self.network.CreateVpc(CreateVpcRequest(cidr_block="10.0.0.0/8"))).vpc_id

    async def group(self, vpc: str, kind: str = "normal", **fields: Any) -> str:
        """A new group without rules."""
        request = CreateSecurityGroupRequest(vpc_id=vpc, security_group_type=kind, **fields)
        return (await self.groups.CreateSecurityGroup(request)).security_group_id

    async def eni(self, vpc: str, *groups: str) -> str:
        """A new secondary ENI without an address."""
        request = CreateNetworkInterfaceRequest(vpc_id=vpc, security_group_ids=groups)
        return (await self.network.CreateNetworkInterface(request)).network_interface_id

    async def instance(self, vpc: str, *groups: str) -> tuple[str, str]:
        """A new instance and its primary ENI."""
        made = await self.network.CreateInstance(CreateInstanceRequest(vpc_id=vpc, security_group_ids=groups))
        return made.instance_id, made.network_interface_id

    async def authorize(self, group: str, *permissions: Permission) -> None:
        """Adds ingress rules, as many requests as it takes."""
        for start in range(0, len(permissions), MOST_AT_ONCE):
            part = permissions[start : start + MOST_AT_ONCE]
            await self.groups.AuthorizeSecurityGroup(
                AuthorizeSecurityGroupRequest(security_group_id=group, permissions=part)
            )

    async def check(self, eni: str, at_least_revision: int = 0) -> CheckFlowResponse:
        """The verdict for SSH from outside."""
        return await self.decisions.CheckFlow(
            CheckFlowRequest(flow=ssh(eni_id=eni), at_least_revision=at_least_revision)
        )


class Administered(NamedTuple):
    """The server, and a client for each of CALLERS."""

    server: PolicyServer
    operator: Client
    owner: Client
    other: Client
    alice: Client
    import_numbers: "count[int]"

    @property
    def snapshot(self) -> Snapshot:
        return self.server.source.loaded().snapshot

    async def bring_in(self, resources: Resources) -> CommitImportResponse:
        """Imports resources beside what there is."""
        name = f"import-{next(self.import_numbers)}"
        files = [BundleFile(name=file, content=content) for file, content in bundle_files(resources)]
        part = StageBundlePartRequest(import_id=name, part_number=1, files=files)
        await self.operator.imports.StageBundlePart(part)
        return await self.operator.imports.CommitImport(CommitImportRequest(import_id=name, part_count=1))


@asynccontextmanager
async def administered(directory: Path) -> AsyncIterator[Administered]:
    """A server in this process on a free port, with its file of tokens in a directory."""
    tokens = [new_token(caller) for caller in CALLERS]
    credentials = directory / "credentials.json"
    credentials.write_text(json.dumps({"version": 1, "tokens": [token.entry for token in tokens]}), encoding="utf-8")
    async with AsyncExitStack() as running:
        server = PolicyServer(ServerConfig(listen=ANY_PORT, grace_s=0.1, credentials=credentials))
        await server.start()
        running.push_async_callback(server.stop)
        await server.follow(server.open_store(StoreToServe("memory:")))
        clients = [Client(await open_channel(running, server, token.token)) for token in tokens]
        operator, owner, other, alice = clients
        yield Administered(server, operator, owner, other, alice, count(1))


async def open_channel(running: AsyncExitStack, server: PolicyServer, token: str) -> grpc.aio.Channel:
    """A channel whose calls show a token, until the end."""
    channel = grpc.aio.insecure_channel(server.address, interceptors=[WithToken(token)])
    return await running.enter_async_context(channel)


def permission(port: int, source: str = "0.0.0.0/0") -> Permission:
    """An ingress rule that accepts TCP to one port."""
    return Permission(ip_protocol="TCP", port_range=f"{port}/{port}", source_cidr_ip=source)


def permissions(number: int) -> list[Permission]:
    """So many ingress rules, none of which is about SSH."""
    return [permission(1_000 + n) for n in range(number)]
