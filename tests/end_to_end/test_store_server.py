"""A server on a store: changes made through the API change verdicts, survive a kill, and are seen by other servers."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_status import rpc_status

from pdp.v1 import flow_pb2
from pdp.v1.account_service_pb2 import GetCallerIdentityRequest
from pdp.v1.account_service_pb2_grpc import AccountServiceStub
from pdp.v1.decision_service_pb2 import CheckFlowRequest, CheckFlowResponse
from pdp.v1.decision_service_pb2_grpc import DecisionServiceStub
from pdp.v1.network_service_pb2 import CreateNetworkInterfaceRequest, CreateVpcRequest
from pdp.v1.network_service_pb2_grpc import NetworkServiceStub
from pdp.v1.resources_pb2 import Permission, WriteOptions
from pdp.v1.security_group_service_pb2 import (
    AuthorizeSecurityGroupRequest,
    CreateSecurityGroupRequest,
    DescribeSecurityGroupsRequest,
    RevokeSecurityGroupRequest,
)
from pdp.v1.security_group_service_pb2_grpc import SecurityGroupServiceStub
from tests.architecture.sources import ROOT
from tests.end_to_end.conftest import StartProcess, until_true
from tests.server.messages import ssh
from tests.store_server import StoreServer

ACCEPT, DROP = flow_pb2.ACTION_ACCEPT, flow_pb2.ACTION_DROP
SSH = Permission(ip_protocol="TCP", port_range="22/22", source_cidr_ip="0.0.0.0/0")
ONCE = {"client_token": "once"}
GROUP_SERVICE = "pdp.v1.SecurityGroupService"
BUNDLE = ROOT / "tests" / "conformance" / "default-group" / "bundle"


class Client(NamedTuple):
    """Stubs of one server."""

    groups: SecurityGroupServiceStub
    network: NetworkServiceStub
    accounts: AccountServiceStub
    decisions: DecisionServiceStub
    health: Any


def client_of(channel: grpc.Channel) -> Client:
    health: Any = HealthStub
    return Client(
        SecurityGroupServiceStub(channel),
        NetworkServiceStub(channel),
        AccountServiceStub(channel),
        DecisionServiceStub(channel),
        health(channel),
    )


class Running:
    """Servers that are started here and killed when the test ends."""

    def __init__(self) -> None:
        self.servers: list[StoreServer] = []
        self.channels: list[grpc.Channel] = []

    def start(self, store: Path, *options: str) -> Client:
        server = StoreServer(store, *options)
        self.servers.append(server)
        return self.client(server.address())

    def client(self, address: str) -> Client:
        self.channels.append(grpc.insecure_channel(address))
        return client_of(self.channels[-1])


@pytest.fixture
def running() -> Iterator[Running]:
    here = Running()
    yield here
    for channel in here.channels:
        channel.close()
    for server in here.servers:
        server.kill()


class Made(NamedTuple):
    """An ENI in a group without rules."""

    group: str
    eni: str


def make(client: Client) -> Made:
    vpc = client.network.CreateVpc(CreateVpcRequest(account_id="1000", cidr_block="10.0.0.0/8")).vpc_id
    group = client.groups.CreateSecurityGroup(CreateSecurityGroupRequest(vpc_id=vpc)).security_group_id
    eni = client.network.CreateNetworkInterface(
        CreateNetworkInterfaceRequest(vpc_id=vpc, security_group_ids=[group], primary_ip_address="10.0.0.5")
    ).network_interface_id
    return Made(group, eni)


def authorize(client: Client, made: Made, **options: Any) -> Any:
    return client.groups.AuthorizeSecurityGroup(
        AuthorizeSecurityGroupRequest(
            security_group_id=made.group, permissions=[SSH], write_options=WriteOptions(**options)
        )
    )


def check(client: Client, made: Made, at_least_revision: int = 0) -> CheckFlowResponse:
    return client.decisions.CheckFlow(
        CheckFlowRequest(flow=ssh(eni_id=made.eni), at_least_revision=at_least_revision), timeout=30
    )


def reason_of(error: Any) -> tuple[grpc.StatusCode, str]:
    """The code of a grpc.RpcError, whose type does not say that it is a call too, and the reason in its details."""
    status = rpc_status.from_call(error)
    info = ErrorInfo()
    assert status is not None
    assert any(detail.Unpack(info) for detail in status.details)
    return error.code(), info.reason


def test_a_rule_that_is_authorized_changes_the_verdict_and_survives_a_kill(running: Running, tmp_path: Path) -> None:
    client = running.start(tmp_path / "pdp.db")
    made = make(client)
    assert check(client, made).verdict.action == DROP
    revision = authorize(client, made).position.revision
    before = check(client, made)
    assert (before.verdict.action, before.position.revision) == (ACCEPT, revision)
    running.servers[0].kill()
    after = check(running.start(tmp_path / "pdp.db"), made)
    assert after == before


def test_a_lost_answer_is_given_again_after_a_kill(running: Running, tmp_path: Path) -> None:
    client = running.start(tmp_path / "pdp.db")
    made = make(client)
    first = authorize(client, made, **ONCE)
    running.servers[0].kill()
    again = running.start(tmp_path / "pdp.db")
    again.groups.RevokeSecurityGroup(RevokeSecurityGroupRequest(security_group_id=made.group, permissions=[SSH]))
    assert authorize(again, made, **ONCE) == first
    assert check(again, made).verdict.action == DROP


def test_two_servers_on_one_file_see_each_other_s_commits(running: Running, tmp_path: Path) -> None:
    one, other = running.start(tmp_path / "pdp.db"), running.start(tmp_path / "pdp.db")
    made = make(one)
    created = check(one, made).position.revision
    assert check(other, made, created).verdict.action == DROP
    opened = authorize(other, made).position.revision
    assert check(one, made, opened).verdict.action == ACCEPT
    closed = one.groups.RevokeSecurityGroup(
        RevokeSecurityGroupRequest(security_group_id=made.group, permissions=[SSH])
    ).position.revision
    assert (created, opened, closed) == (created, created + 1, created + 2)
    assert check(other, made, closed).verdict.action == DROP


def test_a_locked_store_refuses_writes_says_so_and_recovers_by_itself(running: Running, tmp_path: Path) -> None:
    client = running.start(tmp_path / "pdp.db")
    made = make(client)
    locking = sqlite3.connect(tmp_path / "pdp.db", isolation_level=None)
    try:
        locking.execute("BEGIN IMMEDIATE")
        with pytest.raises(grpc.RpcError) as refused:
            authorize(client, made)
        assert reason_of(refused.value) == (grpc.StatusCode.UNAVAILABLE, "ServiceUnavailable.Store")
        assert check(client, made).verdict.action == DROP
        until_true(lambda: health_of(client, GROUP_SERVICE) == health_pb2.HealthCheckResponse.NOT_SERVING)
        assert health_of(client, "") == health_pb2.HealthCheckResponse.SERVING
    finally:
        locking.close()
    until_true(lambda: health_of(client, GROUP_SERVICE) == health_pb2.HealthCheckResponse.SERVING)
    authorize(client, made)
    assert check(client, made).verdict.action == ACCEPT


def health_of(client: Client, service: str) -> int:
    return int(client.health.Check(health_pb2.HealthCheckRequest(service=service)).status)


def test_an_empty_store_begins_with_a_bundle_and_keeps_what_it_has_later(running: Running, tmp_path: Path) -> None:
    client = running.start(tmp_path / "pdp.db", "--bundle", str(BUNDLE))
    listed = client.groups.DescribeSecurityGroups(DescribeSecurityGroupsRequest())
    assert listed.position.revision == 1
    assert listed.security_groups
    made = make(client)
    running.servers[0].kill()
    again = running.start(tmp_path / "pdp.db", "--bundle", str(BUNDLE))
    assert check(again, made).position.revision > 1
    assert "THE BUNDLE IS NOT IMPORTED" in running.servers[1].log()


def test_a_bundle_alone_can_be_read_and_not_changed(running: Running, start_process: StartProcess) -> None:
    client = running.client(start_process(BUNDLE).address)
    listed = client.groups.DescribeSecurityGroups(DescribeSecurityGroupsRequest())
    assert listed.position.store_id.startswith("sha256:")
    assert client.accounts.GetCallerIdentity(GetCallerIdentityRequest()).user_name == "local"
    with pytest.raises(grpc.RpcError) as refused:
        client.network.CreateVpc(CreateVpcRequest(account_id="1000", cidr_block="10.0.0.0/8"))
    assert reason_of(refused.value) == (grpc.StatusCode.UNAVAILABLE, "ServiceUnavailable.ReadOnly")
