"""SecurityGroupService: its methods by name."""

from pdp.model.flow import Direction
from pdp.server.asking import ServiceMethods
from pdp.server.security_groups import clone, describe, groups, members, rule_files
from pdp.server.security_groups.modify_rule import modify_rule
from pdp.server.security_groups.rule_changes import authorize, configure, revoke
from pdp.v1 import security_group_service_pb2 as pb

SECURITY_GROUP_SERVICE = ServiceMethods(
    name=pb.DESCRIPTOR.services_by_name["SecurityGroupService"].full_name,
    writes={
        "CreateSecurityGroup": groups.create_group,
        "DeleteSecurityGroup": groups.delete_group,
        "ModifySecurityGroupPolicy": groups.modify_policy,
        "ModifySecurityGroupAttribute": groups.modify_attribute,
        "AuthorizeSecurityGroup": authorize(Direction.INGRESS, pb.AuthorizeSecurityGroupResponse),
        "AuthorizeSecurityGroupEgress": authorize(Direction.EGRESS, pb.AuthorizeSecurityGroupEgressResponse),
        "RevokeSecurityGroup": revoke(Direction.INGRESS, pb.RevokeSecurityGroupResponse),
        "RevokeSecurityGroupEgress": revoke(Direction.EGRESS, pb.RevokeSecurityGroupEgressResponse),
        "ModifySecurityGroupRule": modify_rule(Direction.INGRESS, pb.ModifySecurityGroupRuleResponse),
        "ModifySecurityGroupEgressRule": modify_rule(Direction.EGRESS, pb.ModifySecurityGroupEgressRuleResponse),
        "ConfigureSecurityGroupPermissions": configure,
        "JoinSecurityGroup": members.join,
        "LeaveSecurityGroup": members.leave,
        "CloneSecurityGroup": clone.clone_group,
        "ImportSecurityGroupRules": rule_files.import_rules,
    },
    reads={
        "DescribeSecurityGroups": describe.describe_groups,
        "DescribeSecurityGroupAttribute": describe.describe_attribute,
        "DescribeSecurityGroupReferences": describe.describe_references,
        "ExportSecurityGroupRules": rule_files.export_rules,
    },
)
