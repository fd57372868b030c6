"""Fields of requests as values, those of rules aside: each is read strictly, once, here.

Every refusal is a FieldError that names the field's path, like `entries[2].cidr`, shows the value, and says what would
be taken. It must never guess, and knows nothing of what exists.
"""

import re
from collections.abc import Collection, Sequence

from pdp.model.addresses import Address, Family, Prefix, parse_address, parse_cidr
from pdp.model.codes import Code
from pdp.model.errors import FieldError, quoted
from pdp.model.ids import AccountId
from pdp.model.ram import checked_account
from pdp.server.asking import Ask, account_asked

MOST_FILTER_IDS = 100
"""Ids that one list can be asked for."""
MOST_NAME = 128
MOST_DESCRIPTION = 256
MOST_HOST = 255
MOST_STATUS = 64
"""Characters."""

_CHOSEN = re.compile(r"[a-z0-9-]{1,60}\Z")


def fault(field: str, description: str) -> FieldError:
    """A field with a value that is not taken."""
    return FieldError(Code.INVALID_PARAMETER, field, description)


def missing(field: str, wanted: str) -> FieldError:
    """A field that has to be there."""
    return FieldError(Code.MISSING_PARAMETER, field, f"it is missing; give {wanted}")


def chosen_id(text: str, prefix: str, field: str) -> str:
    """An id of the caller's choice: the prefix, then 1 to 60 of a-z, 0-9 and `-`."""
    if not text.startswith(prefix) or not _CHOSEN.match(text[len(prefix) :]):
        raise fault(field, f"{quoted(text)} is not {prefix} and then 1 to 60 of a-z, 0-9 and -")
    return text


def new_owner(ask: Ask, account_id: str) -> AccountId:
    """The account that something new, or a question, is of (§6.5): the caller's own, or the one the operator names.

    Raises FieldError when the operator names none, Refusal when another names an account that is not his.
    """
    account = account_asked(ask, account_id)
    if ask.by_operator:
        if not account:
            raise missing("account_id", "the account that it is about, since the operator has none")
        try:
            return checked_account(account)
        except ValueError as error:
            raise fault("account_id", str(error)) from None
    return account


def line(text: str, field: str, most: int) -> str:
    """One line of at most so many characters; may be blank."""
    if len(text) > most:
        raise fault(field, f"{quoted(text)} has {len(text)} characters; at most {most} are taken")
    if not text.isprintable():
        raise fault(field, f"{quoted(text)} has characters that cannot be printed; leave them out")
    return text


def paragraph(text: str, field: str, most: int) -> str:
    """Text of at most so many characters, in one line or several; may be blank."""
    if len(text) > most:
        raise fault(field, f"it has {len(text)} characters; at most {most} are taken")
    return text


def proper_name(text: str, field: str) -> str:
    """The name of a group or list: 2 to 128 characters in one line, no URL; blank for none."""
    return line(no_url(text, field, MOST_NAME), field, MOST_NAME)


def no_url(text: str, field: str, most: int) -> str:
    """Text of 2 characters to so many that does not start like a URL; blank for none."""
    if text and not 2 <= len(text) <= most:
        raise fault(field, f"{quoted(text)} has {len(text)} characters; 2 to {most} are taken")
    if text.lower().startswith(("http://", "https://")):
        raise fault(field, f"{quoted(text)} starts with http:// or https://, which is not taken")
    return text


def number_within(value: int, first: int, last: int, field: str) -> int:
    """A number between inclusive bounds."""
    if not first <= value <= last:
        raise fault(field, f"{value} is not a whole number from {first} to {last}")
    return value


def one_of(value: int, choices: Collection[int], field: str) -> int:
    """One of some numbers."""
    if value not in choices:
        raise fault(field, f"{value} is not one of {', '.join(map(str, choices))}")
    return value


def address(text: str, family: Family, field: str) -> Address:
    """An address of a family."""
    try:
        parsed = parse_address(text)
    except ValueError as error:
        raise fault(field, f"{error}; give an IPv{family:d} address") from None
    if parsed.family is not family:
        raise fault(field, f"{quoted(text)} is an IPv{parsed.family:d} address; give one of IPv{family:d}")
    return parsed


def addresses(texts: Sequence[str], family: Family, field: str) -> tuple[Address, ...]:
    """Addresses of a family in the order given, each once."""
    return tuple(dict.fromkeys(address(text, family, f"{field}[{n}]") for n, text in enumerate(texts)))


def block(text: str, field: str) -> Prefix:
    """A CIDR of either family; host bits are masked (§3.7)."""
    try:
        return parse_cidr(text).prefix
    except ValueError as error:
        raise fault(field, str(error)) from None


def block_of(text: str, family: Family, field: str) -> Prefix:
    """A CIDR of a family; host bits are masked (§3.7)."""
    prefix = block(text, field)
    if prefix.family is not family:
        raise fault(field, f"{quoted(text)} is a CIDR of IPv{prefix.family:d}; give one of IPv{family:d}")
    return prefix


def exact_block(text: str, family: Family, field: str) -> Prefix:
    """A CIDR of a family without host bits."""
    prefix = block_of(text, family, field)
    if parse_address(text.partition("/")[0]) != (prefix.family, prefix.first):
        raise fault(field, f"{quoted(text)} has host bits; the block around it is {prefix}")
    return prefix


def exact_blocks(texts: Sequence[str], family: Family, field: str) -> tuple[Prefix, ...]:
    """CIDRs of a family without host bits, in the order given, each once."""
    return tuple(dict.fromkeys(exact_block(text, family, f"{field}[{n}]") for n, text in enumerate(texts)))


def filter_ids(ids: Sequence[str], field: str) -> frozenset[str]:
    """The ids that a list is asked for: none means any. At most MOST_FILTER_IDS."""
    check_filter(ids, field)
    return frozenset(ids)


def check_filter(ids: Sequence[object], field: str) -> None:
    """Refuses more than MOST_FILTER_IDS ids, names or tags, without a look at them."""
    if len(ids) > MOST_FILTER_IDS:
        raise fault(field, f"{len(ids)} are given; at most {MOST_FILTER_IDS} in one request")
