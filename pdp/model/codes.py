"""The product's own error codes (§5.6), and in the same style those of what only this server has.

Who knows the ECS API finds the codes that its answers carry; the text of a member is the code as it travels.
"""

from enum import Enum


class Code(Enum):
    """Why a change, or a question about resources, is refused."""

    # Rules
    INVALID_PRIORITY = "InvalidPriority.ValueNotSupported"
    INVALID_PROTOCOL = "InvalidIpProtocol.ValueNotSupported"
    INVALID_POLICY = "InvalidPolicy.Malformed"
    INVALID_PORT_RANGE = "InvalidPortRange.Malformed"
    INVALID_SOURCE_PORT_RANGE = "InvalidSourcePortRange.Malformed"
    INVALID_SOURCE_CIDR = "InvalidSourceCidrIp.Malformed"
    INVALID_DEST_CIDR = "InvalidDestCidrIp.Malformed"
    GROUP_PEER_DENIED = "InvalidGroupAuthParameter.OperationDenied"
    DUPLICATE_PERMISSIONS = "InvalidParam.DuplicatePermissions"
    RULE_DUPLICATE = "InvalidOperation.RuleDuplicate"
    RULE_NOT_EXIST = "InvalidSecurityGroupRule.RuleNotExist"
    RULE_KIND_FIXED = "InvalidSecurityGroupRule.KindFixed"

    # Limits
    RULES_PER_GROUP = "AuthorizationLimitExceed"
    RULES_PER_ENI = "AclLimitExceed"
    GROUPS_PER_ENI = "InstanceSecurityGroupLimitExceeded"
    GROUP_PEERS = "AuthorizedGroupRule.LimitExceed"
    MEMBERS_PER_GROUP = "SecurityGroupInstanceLimitExceed"
    GROUPS_PER_ACCOUNT = "QuotaExceed.SecurityGroup"
    LIST_ENTRIES = "QuotaExceed.ListEntries"
    STAGED_IMPORTS = "QuotaExceed.StagedImports"
    QUOTA_FIXED = "InvalidOperation.QuotaNotAdjustable"

    # Groups and members
    MULTI_GROUP_TYPE = "InvalidOperation.MultiGroupType"
    AT_LEAST_ONE_GROUP = "InvalidOperation.AtLeastInOneGroup"
    GROUP_TYPE_FIXED = "InvalidOperation.GroupTypeFixed"
    INNER_ACCESS_POLICY = "InvalidParameter.InnerAccessPolicy"
    NOT_A_MEMBER = "InvalidSecurityGroupAssociation.NotFound"
    DIFFERENT_VPC = "InvalidVpcId.Mismatch"
    DEPENDENCY_VIOLATION = "DependencyViolation"
    MANAGED_BY_CLOUD_PRODUCT = "InvalidOperation.ResourceManagedByCloudProduct"
    LOCKED_FOR_SECURITY = "InstanceLockedForSecurity"
    PRIMARY_ENI = "InvalidOperation.PrimaryNetworkInterface"

    # What is not there, or is there already
    GROUP_NOT_FOUND = "InvalidSecurityGroupId.NotFound"
    VPC_NOT_FOUND = "InvalidVpcId.NotFound"
    ENI_NOT_FOUND = "InvalidEniId.NotFound"
    INSTANCE_NOT_FOUND = "InvalidInstanceId.NotFound"
    PREFIX_LIST_NOT_FOUND = "InvalidPrefixListId.NotFound"
    PORT_LIST_NOT_FOUND = "InvalidPortRangeListId.NotFound"
    PENALTY_NOT_FOUND = "InvalidPenaltyId.NotFound"
    USER_NOT_FOUND = "EntityNotExist.User"
    POLICY_NOT_FOUND = "EntityNotExist.Policy"
    IMPORT_NOT_FOUND = "InvalidImportId.NotFound"
    ALREADY_EXISTS = "InvalidId.AlreadyExists"

    # Penalties
    PENALTY_STATE = "InvalidOperation.PenaltyState"
    OPERATOR_ONLY = "OperationDenied.OperatorOnly"

    # Any request
    MISSING_PARAMETER = "MissingParameter"
    INVALID_PARAMETER = "InvalidParameter"
    MALFORMED_POLICY_DOCUMENT = "MalformedPolicyDocument"
    INVALID_NEXT_TOKEN = "InvalidParameter.NextToken"  # noqa: S105 - a code, not a secret
    IDEMPOTENT_MISMATCH = "IdempotentParameterMismatch"
    REVISION_MISMATCH = "RevisionMismatch"
    TOO_BUSY = "Throttling.ConcurrentWrites"
    FORBIDDEN = "Forbidden.RAM"
    UNAUTHENTICATED = "InvalidToken"
    STORE_UNAVAILABLE = "ServiceUnavailable.Store"
    READ_ONLY = "ServiceUnavailable.ReadOnly"
    BUNDLE_REFUSED = "InvalidBundle.Refused"
