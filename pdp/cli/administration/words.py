"""Arguments and options that several things share, and the words in which people say them."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pdp.cli.exits import ExitCode, Fault
from pdp.model.errors import quoted


def argument(metavar: str, text: str) -> Any:  # noqa: ANN401 - as typer has it
    """A word in its place."""
    return typer.Argument(metavar=metavar, help=text)


def option(text: str, *names: str, metavar: str | None = None) -> Any:  # noqa: ANN401 - as typer has it
    """A named word."""
    return typer.Option(*names, help=text, metavar=metavar, show_default=False)


GroupId = Annotated[str, argument("GROUP", "The group, such as sg-bp1abc.")]
EniId = Annotated[str, argument("ENI", "The ENI, such as eni-bp1abc.")]
InstanceId = Annotated[str, argument("INSTANCE", "The instance, such as i-bp1abc.")]
VpcId = Annotated[str, argument("VPC", "The VPC, such as vpc-bp1abc.")]
GroupIds = Annotated[list[str], argument("GROUP...", "All its groups from now on, of one type.")]

Name = Annotated[str, option("Its name.", metavar="TEXT")]
NewName = Annotated[str | None, option("Another name; a blank one takes it away.", "--name", metavar="TEXT")]
Description = Annotated[str, option("What it is for.", metavar="TEXT")]
NewDescription = Annotated[
    str | None, option("Another description; a blank one takes it away.", "--description", metavar="TEXT")
]
MaxEntries = Annotated[int, option("How many entries it may hold, 1 to 200.", "--max-entries", metavar="N")]
NewMaxEntries = Annotated[int | None, option("How many entries it may hold from now on.", "--max-entries", metavar="N")]
Vpc = Annotated[str, option("In this VPC.", metavar="VPC")]
Group = Annotated[str, option("In this group.", metavar="GROUP")]
Groups = Annotated[list[str], option("A group; may be repeated. Without it, the default group.", "--group")]
Tags = Annotated[list[str], option("A label, as KEY=VALUE; may be repeated.", "--tag", metavar="KEY=VALUE")]
WebPorts = Annotated[bool, option("A default group that has to be made also accepts TCP 80 and 443.", "--web-ports")]
OwnId = Annotated[str, option("An id of your choice. Without it, the server makes one.", "--id", metavar="ID")]

STDIN = Path("-")

GROUP_TYPES = {"basic": "normal", "advanced": "enterprise"}
"""What people call the two types, and what the API does."""


def one_of(name: str, word: str, words: Mapping[str, str]) -> str:
    """What a word, or its translation, stands for, in any case; a blank one is blank. Raises Fault with USAGE."""
    lower = word.lower()
    known = {**{value.lower(): value for value in words.values()}, **words}
    if lower and lower not in known:
        raise Fault(ExitCode.USAGE, f"{name} {quoted(word)} is none of {', '.join(words)}")
    return known.get(lower, "")


def group_type(word: str) -> str:
    """`basic` or `advanced` as the API has it. Raises Fault with USAGE."""
    return one_of("type", word, GROUP_TYPES)


def group_type_name(api_type: str) -> str:
    """`normal` or `enterprise` as people say it."""
    return next((name for name, value in GROUP_TYPES.items() if value == api_type), api_type)


def groups_given(answer: Mapping[str, Any]) -> str:
    """The groups that something new is in; a default group that is yet to be made has no id before it is."""
    return ", ".join(answer["security_group_ids"]) or "a new default group"


def room_taken(item: Mapping[str, Any]) -> str:
    """How full a list is."""
    return f"{item['entry_count']} of {item['max_entries']}"


def tags_of(words: Iterable[str]) -> list[dict[str, str]]:
    """Labels from KEY=VALUE; without the sign the value is blank, which in a filter is any."""
    return [{"tag_key": key, "tag_value": value} for key, _, value in (word.partition("=") for word in words)]


def tags_text(tags: Iterable[Mapping[str, str]]) -> str:
    """Labels as people write them."""
    return ", ".join(f"{tag['tag_key']}={tag['tag_value']}" for tag in tags)


def text_in(file: Path) -> str:
    """The text of a file, or of stdin for `-`. Raises Fault with USAGE."""
    try:
        content = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
        return content.decode("utf-8")
    except OSError as error:
        raise Fault(ExitCode.USAGE, f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Fault(ExitCode.USAGE, f"{file} is not text in UTF-8") from None


def is_ipv6(word: str) -> bool:
    """Whether an address or block is meant to be of IPv6; the server reads it strictly."""
    return ":" in word
