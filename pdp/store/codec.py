"""What the store keeps, as JSON text: resources, changes and commits, there and back.

Text is read strictly: a key, kind or type that this program does not know is an error, never left out, for what is
left out of a policy changes verdicts. Fields at their default are not written, so that a field that is added with a
default reads older text; hence the default of a field, once released, never changes.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError, transform_error
from cattrs.cols import namedtuple_dict_structure_factory, namedtuple_dict_unstructure_factory
from cattrs.v import format_exception

from pdp.model.addresses import Address, Cidr, Family, Prefix, parse_address, parse_cidr
from pdp.model.errors import quoted
from pdp.model.flow import Direction
from pdp.model.protocols import PortRange
from pdp.model.rules import Action, GroupPeer, Peer, PrefixListPeer
from pdp.policy.changes import (
    KINDS,
    AddRules,
    Change,
    Delete,
    JoinGroup,
    LeaveGroup,
    Put,
    RemoveRules,
    ReplaceRule,
    Resource,
)
from pdp.store.commit import Commit
from pdp.store.spelling import (
    is_tuple,
    member_reader,
    name_of,
    only,
    parse_prefix,
    read_family,
    read_port_range,
    text_reader,
    tuple_reader,
    union_reader,
    union_writer,
)

T = TypeVar("T")

RESOURCES: dict[str, type[Any]] = {kind.value: cls for cls, kind in KINDS.items()}
CHANGES: dict[str, type[Any]] = {
    "put": Put,
    "delete": Delete,
    "add_rules": AddRules,
    "remove_rules": RemoveRules,
    "replace_rule": ReplaceRule,
    "join_group": JoinGroup,
    "leave_group": LeaveGroup,
}
PEERS: dict[str, type[Any]] = {"cidr": Cidr, "group": GroupPeer, "prefix_list": PrefixListPeer}
"""Each member of a union is written as an object of one key, which says what it is: `{"cidr": "10.0.0.0/8"}`."""


class Unreadable(ValueError):
    """Text that is not what the store writes. The message names the key and the value."""


def resource_text(resource: Resource) -> str:
    """A resource without its kind."""
    return _text(resource, type(resource))


def resource_from(kind: str, text: str) -> Resource:
    """The resource of a kind's name from its text. Raises Unreadable."""
    cls = RESOURCES.get(kind)
    if cls is None:
        raise Unreadable(f"{quoted(kind)} is no kind of resource; this program knows {', '.join(RESOURCES)}")
    resource: Resource = _value(text, cls)
    return resource


def commit_text(commit: Commit) -> str:
    """A commit with its changes."""
    return _text(commit, Commit)


def commit_from(text: str) -> Commit:
    """A commit from its text. Raises Unreadable."""
    commit: Commit = _value(text, Commit)
    return commit


def _text(value: object, kind: object) -> str:
    """Compact, with sorted keys and in ASCII: equal values have equal text, and no text is lost on its way."""
    return _WRITER.encode(_FAST.unstructure(value, unstructure_as=kind))


def _value(text: str, kind: Any) -> Any:  # noqa: ANN401 - the kind says which
    """The value of a kind. The second converter is slower, and says what is wrong and where."""
    try:
        tree = _READER.decode(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{quoted(text)} is not JSON: {error}") from None
    try:
        return _FAST.structure(tree, kind)
    except (ForbiddenExtraKeysError, AttributeError, KeyError, TypeError, ValueError):
        pass
    try:
        return _EXACT.structure(tree, kind)
    except (BaseValidationError, AttributeError, TypeError, ValueError) as error:
        raise Unreadable("; ".join(transform_error(error, format_exception=_described))) from None


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _described(error: BaseException, kind: type | None) -> str:
    """A message of this module as it is; any other as cattrs says it."""
    if isinstance(error, AttributeError | TypeError):
        return "this is no object"
    return str(error) if isinstance(error, ValueError) else format_exception(error, kind)


def _converter(*, exact: bool) -> Converter:
    converter = Converter(forbid_extra_keys=True, omit_if_default=True, detailed_validation=exact)
    for plain in (str, int, bool):
        converter.register_structure_hook(plain, only(plain))
    converter.register_structure_hook_factory(is_tuple, partial(tuple_reader, converter.get_structure_hook))
    _register(converter, Address, str, text_reader(parse_address))
    _register(converter, Prefix, str, text_reader(parse_prefix))
    _register(converter, Cidr, str, text_reader(parse_cidr))
    _register(converter, PortRange, list, read_port_range)
    _register(converter, Action, name_of, member_reader(Action))
    _register(converter, Direction, name_of, member_reader(Direction))
    _register(converter, Family, int, read_family)
    for peer in (GroupPeer, PrefixListPeer):
        converter.register_structure_hook(peer, namedtuple_dict_structure_factory(peer, converter, exact, True))
        converter.register_unstructure_hook(peer, namedtuple_dict_unstructure_factory(peer, converter))
    for union, tags in ((Peer, PEERS), (Resource, RESOURCES), (Change, CHANGES)):
        readers = {tag: converter.get_structure_hook(cls) for tag, cls in tags.items()}
        writers = {cls: (tag, converter.get_unstructure_hook(cls)) for tag, cls in tags.items()}
        converter.register_structure_hook(union, union_reader(readers))
        converter.register_unstructure_hook(union, union_writer(writers))
    return converter


def _register(
    converter: Converter, cls: type[T], write: Callable[[T], object], read: Callable[[Any, object], T]
) -> None:
    converter.register_unstructure_hook(cls, write)
    converter.register_structure_hook(cls, read)


# The json module's own functions would make these anew on each call.
_READER = json.JSONDecoder(parse_constant=_no_number)
_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_FAST = _converter(exact=False)
_EXACT = _converter(exact=True)
