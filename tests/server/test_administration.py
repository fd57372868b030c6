from dataclasses import replace
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.errors import PdpError, Reason
from pdp.model.identity import Caller, CallerKind
from pdp.model.ram import RamPolicy, RamUser
from pdp.policy.snapshot import Snapshot
from pdp.server.administration import MOST_BYTES, source_ip
from pdp.server.asking import Ask
from pdp.server.audit import AuditDecision
from pdp.v1 import security_group_service_pb2 as pb
from pdp.v1.resources_pb2 import Permission, WriteOptions
from tests.builders import ACCOUNT, NOW, group, resources
from tests.server.administering import OPERATOR, OWNER, STRANGER, Administered, permission, refused

ALICE = Caller(CallerKind.USER, ACCOUNT, "alice")
FIRST = "t-1"
AGENT = Caller(CallerKind.AGENT, name="agent-1")


def administered(**changes: Any) -> Administered:
    return Administered(replace(resources([group("sg-a")]), **changes))


def adding(port: int = 22, **options: Any) -> pb.AuthorizeSecurityGroupRequest:
    return pb.AuthorizeSecurityGroupRequest(
        security_group_id="sg-a",
        permissions=[permission(port_range=f"{port}/{port}")],
        write_options=WriteOptions(**options),
    )


def add(policy: Administered, port: int = 22, caller: Caller | PdpError = OWNER, **options: Any) -> Any:
    return policy.call("AuthorizeSecurityGroup", adding(port, **options), caller)


def listing(policy: Administered, caller: Caller | PdpError = OWNER) -> Any:
    return policy.call("DescribeSecurityGroups", pb.DescribeSecurityGroupsRequest(), caller)


def revoking(**options: Any) -> pb.RevokeSecurityGroupRequest:
    return pb.RevokeSecurityGroupRequest(
        security_group_id="sg-a", permissions=[permission()], write_options=WriteOptions(**options)
    )


def decisions(policy: Administered) -> list[AuditDecision]:
    return [entry.decision for entry in policy.audit.entries]


def test_a_write_moves_the_revision_and_the_answer_tells_where_to() -> None:
    policy = administered()
    answer = add(policy)
    assert (answer.position.revision, answer.position.store_id) == (2, "store-1")


def test_a_read_tells_where_it_comes_from() -> None:
    assert listing(administered()).position.revision == 1


def test_validate_only_answers_like_the_write_with_no_id_that_was_made_and_writes_nothing() -> None:
    policy = administered()
    answer = add(policy, validate_only=True)
    assert (answer.permissions[0].security_group_rule_id, answer.permissions[0].port_range) == ("", "22/22")
    assert answer.position.revision == policy.snapshot.revision == 1


def test_validate_only_refuses_what_the_write_would_refuse() -> None:
    policy = administered()
    assert refused(lambda: add(policy, port=70_000, validate_only=True)).reason is Code.INVALID_PORT_RANGE


def test_an_expected_revision_that_is_not_the_heads_refuses_the_write() -> None:
    policy = administered()
    error = refused(lambda: add(policy, expected_revision=7))
    assert (error.reason, error.violations[0].field) == (Code.REVISION_MISMATCH, "write_options.expected_revision")
    assert add(policy, expected_revision=1).position.revision == 2
    assert refused(lambda: add(policy, port=23, expected_revision=0)).reason is Code.REVISION_MISMATCH


def test_a_token_repeats_the_first_answer() -> None:
    policy = administered()
    first = add(policy, client_token=FIRST)
    add(policy, port=23)
    assert add(policy, client_token=FIRST) == first
    assert policy.snapshot.revision == 3


def test_a_token_with_another_request_is_refused() -> None:
    policy = administered()
    add(policy, client_token=FIRST)
    assert refused(lambda: add(policy, port=23, client_token=FIRST)).reason is Code.IDEMPOTENT_MISMATCH


def test_a_token_is_kept_for_a_write_that_changed_nothing_too() -> None:
    policy = administered()
    policy.call("RevokeSecurityGroup", revoking(client_token=FIRST))
    add(policy)
    policy.call("RevokeSecurityGroup", revoking(client_token=FIRST))
    assert len(policy.group("sg-a").rules) == 1


def test_a_repeated_delete_is_answered_although_its_group_is_gone() -> None:
    policy = administered()
    request = pb.DeleteSecurityGroupRequest(security_group_id="sg-a", write_options=WriteOptions(client_token=FIRST))
    assert policy.call("DeleteSecurityGroup", request) == policy.call("DeleteSecurityGroup", request)


@pytest.mark.parametrize("token", ["x" * 65, "é", "a\nb"])
def test_a_token_that_is_no_token_is_refused(token: str) -> None:
    error = refused(lambda: add(administered(), client_token=token))
    assert (error.reason, error.violations[0].field) == (Code.INVALID_PARAMETER, "write_options.client_token")


def test_the_operator_writes_what_others_may_not() -> None:
    policy = Administered(resources([replace(group("sg-a"), service_managed=True)]))
    assert refused(lambda: add(policy)).reason is Code.MANAGED_BY_CLOUD_PRODUCT
    assert add(policy, caller=OPERATOR).position.revision == 2


@pytest.mark.parametrize("caller", [STRANGER, AGENT, ALICE])
def test_who_may_not_is_refused_and_audited_by_name(caller: Caller) -> None:
    policy = administered()
    error = refused(lambda: add(policy, caller=caller))
    assert (error.reason, policy.snapshot.revision) == (Code.FORBIDDEN, 1)
    entry = policy.audit.entries[-1]
    assert (entry.decision, entry.caller, entry.code) == (AuditDecision.REFUSED, caller, "Forbidden.RAM")


def test_a_user_may_what_a_policy_allows() -> None:
    document = (
        '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:AuthorizeSecurityGroup", "Resource": "*"}]}'
    )
    policy = administered(
        users=(RamUser(ACCOUNT, "alice", policies=("may-add",)),),
        policies=(RamPolicy(ACCOUNT, "may-add", document),),
    )
    add(policy, caller=ALICE)
    assert refused(lambda: policy.call("RevokeSecurityGroup", revoking(), ALICE)).reason is Code.FORBIDDEN


def test_who_may_is_decided_on_the_very_snapshot_that_is_changed() -> None:
    seen: list[Snapshot] = []

    def permit(_method: str, snapshot: Snapshot, _request: object, _ask: Ask) -> None:
        seen.append(snapshot)

    policy = Administered(resources([group("sg-a")]), permit=permit)
    before = policy.snapshot
    add(policy)
    assert seen == [before]


def test_what_was_written_is_audited_with_its_revisions() -> None:
    policy = administered()
    add(policy, client_token=FIRST)
    add(policy, client_token=FIRST)
    add(policy)
    add(policy, port=23, validate_only=True)
    assert decisions(policy) == [
        AuditDecision.COMMITTED,
        AuditDecision.REPEATED,
        AuditDecision.UNCHANGED,
        AuditDecision.VALIDATED,
    ]
    first = policy.audit.entries[0]
    assert (first.method, first.resources[0], first.client_token) == ("AuthorizeSecurityGroup", "sg-a", "t-1")
    assert (first.revision_before, first.revision_after, first.source_ip, first.at) == (1, 2, "192.0.2.7", NOW)


def test_what_was_made_is_audited_by_its_ids_and_no_id_that_was_given_to_nothing() -> None:
    policy = administered()
    for _ in range(2):
        add(policy)
    add(policy, port=23, validate_only=True)
    request = pb.CreateSecurityGroupRequest(vpc_id=group("sg-a").vpc)
    made = policy.call("CreateSecurityGroup", request).security_group_id
    (rule,) = policy.group("sg-a").rules
    resources = [entry.resources for entry in policy.audit.entries]
    assert resources == [("sg-a", rule.id), ("sg-a",), ("sg-a",), (request.vpc_id, made)]


def test_a_refused_write_is_audited_with_its_code() -> None:
    policy = administered()
    refused(lambda: add(policy, port=0))
    entry = policy.audit.entries[-1]
    assert (entry.decision, entry.code) == (AuditDecision.REFUSED, "InvalidPortRange.Malformed")


def test_reads_are_audited_only_when_somebody_may_not() -> None:
    policy = administered()
    listing(policy)
    assert decisions(policy) == []
    refused(lambda: listing(policy, AGENT))
    assert decisions(policy) == [AuditDecision.REFUSED]


def test_a_call_without_credentials_is_refused_and_audited_as_nobodys() -> None:
    policy = administered()
    nobody = PdpError(Code.UNAUTHENTICATED, "who asks?")
    assert refused(lambda: add(policy, caller=nobody)) is nobody
    assert policy.audit.entries[-1].caller == Caller.nobody()


def test_nothing_is_read_of_what_a_caller_sends_who_is_not_known() -> None:
    policy = administered()
    nobody = PdpError(Code.UNAUTHENTICATED, "who asks?")
    assert refused(lambda: policy.call_with("AuthorizeSecurityGroup", b"no message", nobody)) is nobody
    assert decisions(policy) == [AuditDecision.REFUSED]


def test_a_request_may_not_be_larger_than_the_largest_file_of_rules_and_what_stands_around_it() -> None:
    policy = administered()
    one = pb.AuthorizeSecurityGroupRequest(permissions=[Permission(description="d" * 998)]).SerializeToString()
    fits = one * (MOST_BYTES // len(one))
    assert refused(lambda: policy.call_with("AuthorizeSecurityGroup", fits)).reason is Code.MISSING_PARAMETER
    assert refused(lambda: policy.call_with("AuthorizeSecurityGroup", fits + one)).reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize("sent", [b"no message", bytes(MOST_BYTES + 1)])
def test_a_write_that_cannot_be_read_is_audited_with_who_sent_it(sent: bytes) -> None:
    policy = administered()
    refused(lambda: policy.call_with("AuthorizeSecurityGroup", sent))
    refused(lambda: policy.call_with("DescribeSecurityGroups", sent))
    (entry,) = policy.audit.entries
    assert (entry.decision, entry.caller, entry.method) == (AuditDecision.REFUSED, OWNER, "AuthorizeSecurityGroup")
    assert (entry.code, entry.resources) == ("INVALID_REQUEST", ())


def test_a_store_that_fails_is_a_failure_and_nothing_changes() -> None:
    policy = administered()
    policy.journal.driver.close()
    assert refused(lambda: add(policy)).reason is Code.STORE_UNAVAILABLE
    assert decisions(policy) == [AuditDecision.FAILED]
    assert listing(policy).position.revision == 1


def test_a_fault_of_the_program_is_audited_and_not_swallowed() -> None:
    def permit(_method: str, _snapshot: Snapshot, _request: object, _ask: Ask) -> None:
        raise ZeroDivisionError

    policy = Administered(resources([group("sg-a")]), permit=permit)
    with pytest.raises(ZeroDivisionError):
        add(policy)
    assert decisions(policy) == [AuditDecision.FAILED]


def test_nothing_can_be_asked_before_the_policy_is_loaded() -> None:
    policy = administered()
    policy.unload()
    assert refused(lambda: add(policy)).reason is Reason.NOT_READY
    assert refused(lambda: listing(policy)).reason is Reason.NOT_READY


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.7:50000", "192.0.2.7"),
        ("ipv6:%5B::1%5D:50000", "::1"),
        ("ipv6:[2001:db8::7]:50000", "2001:db8::7"),
        ("unix:", ""),
        ("unix:/run/pdp.sock", ""),
    ],
)
def test_a_peer_is_known_by_its_address(peer: str, address: str) -> None:
    assert source_ip(peer) == address
