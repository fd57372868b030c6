"""What each of the product's codes means to a client: a gRPC status code, by the kind of what stands in the way."""

from typing import NamedTuple

from grpc import StatusCode

from pdp.model.codes import Code
from pdp.model.errors import Reason


class Treatment(NamedTuple):
    """What a reason means to a client. `retry_after_s` is set where asking again later may help."""

    code: StatusCode
    retry_after_s: float | None = None


_INVALID = (
    Code.INVALID_PRIORITY,
    Code.INVALID_PROTOCOL,
    Code.INVALID_POLICY,
    Code.INVALID_PORT_RANGE,
    Code.INVALID_SOURCE_PORT_RANGE,
    Code.INVALID_SOURCE_CIDR,
    Code.INVALID_DEST_CIDR,
    Code.DUPLICATE_PERMISSIONS,
    Code.MISSING_PARAMETER,
    Code.INVALID_PARAMETER,
    Code.MALFORMED_POLICY_DOCUMENT,
    Code.INVALID_NEXT_TOKEN,
    Code.IDEMPOTENT_MISMATCH,
    Code.BUNDLE_REFUSED,
)
"""The request is wrong whatever the state."""

_STATES = (
    Code.GROUP_PEER_DENIED,
    Code.RULE_DUPLICATE,
    Code.RULE_KIND_FIXED,
    Code.QUOTA_FIXED,
    Code.MULTI_GROUP_TYPE,
    Code.AT_LEAST_ONE_GROUP,
    Code.GROUP_TYPE_FIXED,
    Code.INNER_ACCESS_POLICY,
    Code.NOT_A_MEMBER,
    Code.DIFFERENT_VPC,
    Code.DEPENDENCY_VIOLATION,
    Code.MANAGED_BY_CLOUD_PRODUCT,
    Code.LOCKED_FOR_SECURITY,
    Code.PRIMARY_ENI,
    Code.PENALTY_STATE,
)
"""The state that resources are in forbids it."""

_LIMITS = (
    Code.RULES_PER_GROUP,
    Code.RULES_PER_ENI,
    Code.GROUPS_PER_ENI,
    Code.GROUP_PEERS,
    Code.MEMBERS_PER_GROUP,
    Code.GROUPS_PER_ACCOUNT,
    Code.LIST_ENTRIES,
    Code.STAGED_IMPORTS,
)

CODE_RESOURCE_TYPES: dict[Reason | Code, str] = {
    Code.RULE_NOT_EXIST: "pdp.v1.Permission",
    Code.GROUP_NOT_FOUND: "pdp.v1.SecurityGroup",
    Code.VPC_NOT_FOUND: "pdp.v1.Vpc",
    Code.ENI_NOT_FOUND: "pdp.v1.NetworkInterface",
    Code.INSTANCE_NOT_FOUND: "pdp.v1.Instance",
    Code.PREFIX_LIST_NOT_FOUND: "pdp.v1.PrefixList",
    Code.PORT_LIST_NOT_FOUND: "pdp.v1.PortRangeList",
    Code.PENALTY_NOT_FOUND: "pdp.v1.Penalty",
    Code.USER_NOT_FOUND: "pdp.v1.RamUser",
    Code.POLICY_NOT_FOUND: "pdp.v1.RamPolicy",
    Code.IMPORT_NOT_FOUND: "pdp.v1.Import",
}
"""What is not there, for ResourceInfo."""

FIELD_RESOURCE_TYPES = {
    "vpc_id": "pdp.v1.Vpc",
    "network_interface_id": "pdp.v1.NetworkInterface",
    "instance_id": "pdp.v1.Instance",
    "user_name": "pdp.v1.RamUser",
    "policy_name": "pdp.v1.RamPolicy",
}
"""What is there already, for ResourceInfo, by the field that names it."""

CODE_TREATMENTS: dict[Reason | Code, Treatment] = {
    **dict.fromkeys(_INVALID, Treatment(StatusCode.INVALID_ARGUMENT)),
    **dict.fromkeys(_STATES, Treatment(StatusCode.FAILED_PRECONDITION)),
    **dict.fromkeys(_LIMITS, Treatment(StatusCode.RESOURCE_EXHAUSTED)),
    **dict.fromkeys(CODE_RESOURCE_TYPES, Treatment(StatusCode.NOT_FOUND)),
    Code.ALREADY_EXISTS: Treatment(StatusCode.ALREADY_EXISTS),
    Code.OPERATOR_ONLY: Treatment(StatusCode.PERMISSION_DENIED),
    Code.FORBIDDEN: Treatment(StatusCode.PERMISSION_DENIED),
    Code.UNAUTHENTICATED: Treatment(StatusCode.UNAUTHENTICATED),
    Code.REVISION_MISMATCH: Treatment(StatusCode.ABORTED),
    Code.TOO_BUSY: Treatment(StatusCode.ABORTED, retry_after_s=0.1),
    Code.STORE_UNAVAILABLE: Treatment(StatusCode.UNAVAILABLE, retry_after_s=1),
    Code.READ_ONLY: Treatment(StatusCode.UNAVAILABLE, retry_after_s=1),
}
