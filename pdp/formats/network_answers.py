"""VPCs, instances and ENIs from the answers that list them."""

from collections.abc import Iterator, Mapping

from pdp.formats.bundle_files import ENIS, INSTANCES, VPCS, Api
from pdp.formats.faults import Findings
from pdp.formats.fields import Fields
from pdp.formats.groups import Listed
from pdp.formats.paging import Answers
from pdp.model.addresses import Address, Family
from pdp.model.ids import EniId, GroupId, InstanceId, VpcId
from pdp.model.network import Eni, Instance, Vpc


def read_vpcs(answers: Answers, findings: Findings) -> list[Vpc]:
    """The VPCs that DescribeVpcs lists. A VPC's first block stays its first; the others have no order."""
    vpcs = []
    for fields in _objects(answers, VPCS, findings):
        first = fields.prefixes("CidrBlock", [text for text in [fields.text("CidrBlock")] if text], Family.IPV4)
        ipv6 = [fields.text("Ipv6CidrBlock"), *fields.texts("Ipv6CidrBlocks", "Ipv6CidrBlock", "Ipv6CidrBlock")]
        more = fields.prefixes(
            "SecondaryCidrBlocks", fields.texts("SecondaryCidrBlocks", "SecondaryCidrBlock"), Family.IPV4
        )
        more += fields.prefixes("Ipv6CidrBlock", [text for text in ipv6 if text], Family.IPV6)
        vpc = VpcId(fields.required_text(VPCS.id_key))
        blocks = (*first, *sorted(set(more) - set(first)))
        vpcs.append(Vpc(vpc, fields.account("OwnerId"), blocks, fields.text("VpcName")))
    return vpcs


def read_instances(answers: Answers, findings: Findings) -> list[Instance]:
    """The instances that DescribeInstances lists."""
    instances = []
    for fields in _objects(answers, INSTANCES, findings):
        instance = InstanceId(fields.required_text(INSTANCES.id_key))
        locks = tuple(sorted(set(fields.texts("OperationLocks", "LockReason", "LockReason"))))
        instances.append(Instance(instance, status=fields.text("Status"), locks=locks))
    return instances


def read_enis(answers: Answers, listed: Mapping[GroupId, Listed] | None, findings: Findings) -> list[Eni]:
    """The ENIs, also the service-managed ones without groups. `listed` is None when nothing can be said of groups."""
    enis = []
    for fields in _objects(answers, ENIS, findings):
        eni = EniId(fields.required_text(ENIS.id_key))
        vpc = VpcId(fields.required_text("VpcId"))
        service_managed = fields.flag("ServiceManaged")
        groups = tuple(GroupId(group) for group in sorted(set(fields.texts("SecurityGroupIds", "SecurityGroupId"))))
        if not groups and not service_managed:
            fields.complain("has no security group, which only a service-managed ENI may; export it again")
        if listed is not None:
            _check_groups(fields, vpc, groups, listed)
        prefixes = fields.prefixes(
            "Ipv4Prefix", fields.texts("Ipv4PrefixSets", "Ipv4PrefixSet", "Ipv4Prefix"), Family.IPV4
        ) + fields.prefixes("Ipv6Prefix", fields.texts("Ipv6PrefixSets", "Ipv6PrefixSet", "Ipv6Prefix"), Family.IPV6)
        enis.append(
            Eni(
                eni,
                vpc,
                fields.account("OwnerId"),
                groups,
                instance=InstanceId(fields.text("InstanceId")),
                primary=fields.text("Type").lower() == "primary",
                addresses=_addresses(fields),
                prefixes=tuple(sorted(set(prefixes))),
                service_managed=service_managed,
            )
        )
    return enis


def _objects(answers: Answers, api: Api, findings: Findings) -> Iterator[Fields]:
    """The objects of an answer that lists everything of a kind, by id."""
    answer = answers.about(api)
    for located in sorted(answer.objects if answer else (), key=lambda located: located.label):
        yield Fields(located.values, located.file, located.label, findings)


def _addresses(fields: Fields) -> tuple[Address, ...]:
    """Private IPv4 addresses, the primary first, then IPv6 ones, each once."""
    ipv4 = fields.texts("PrivateIpSets", "PrivateIpSet", "PrivateIpAddress")
    primary = fields.text("PrivateIpAddress")
    if not primary and not fields.faulty:
        primary = _marked_primary(fields)
    if primary:
        ipv4.insert(0, primary)
    ipv6 = fields.texts("Ipv6Sets", "Ipv6Set", "Ipv6Address")
    found = fields.addresses("PrivateIpAddress", ipv4, Family.IPV4)
    found += fields.addresses("Ipv6Address", ipv6, Family.IPV6)
    # An IPv4-mapped one among the IPv6 addresses is IPv4 (§2.2) and belongs before them.
    return tuple(sorted(dict.fromkeys(found), key=lambda address: address.family))


def _marked_primary(fields: Fields) -> str:
    """The private address that is marked as primary; blank when none is."""
    for item in fields.items("PrivateIpSets", "PrivateIpSet"):
        if isinstance(item, dict) and item.get("Primary") is True and isinstance(item.get("PrivateIpAddress"), str):
            return str(item["PrivateIpAddress"])
    return ""


def _check_groups(fields: Fields, vpc: VpcId, groups: tuple[GroupId, ...], listed: Mapping[GroupId, Listed]) -> None:
    """All groups are known, of the ENI's VPC and of one type (§4.3)."""
    for group in groups:
        if group not in listed:
            fields.complain(f"is in the group {group}, which DescribeSecurityGroups does not list; export that again")
        elif vpc and listed[group].vpc not in ("", vpc):
            fields.complain(f"is in {vpc}, but its group {group} is in {listed[group].vpc}; export both again")
    types = {entry.type for group in groups if (entry := listed.get(group)) and entry.type}
    if len(types) > 1:
        fields.complain(f"mixes basic and advanced groups ({', '.join(groups)}), which no ENI can; export again")
