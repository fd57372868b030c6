"""A real server on a store of its own, in a process of its own, and verbs that ask it."""

import json
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import Result

from examples.demo import server
from tests.cli.running import Pdp, fault_of

ACCOUNT = "1234"
_numbers = count(1)


def serving(*words: str | Path) -> AbstractContextManager[str]:
    """A server on a store in memory, started with these words more; gives its address."""
    return server("--store", "memory:", *words)


class Shop(NamedTuple):
    """Verbs at one server: as people see them, and as documents."""

    pdp: Pdp
    server: str
    token: str = ""

    def run(self, *words: object, stdin: str | None = None) -> Result:
        """A verb as it ends."""
        more = ("--server", self.server, *(("--token", self.token) if self.token else ()))
        return self.pdp(*words, *more, stdin=stdin)

    def text(self, *words: object) -> str:
        """What a verb that succeeds prints for people."""
        result = self.run(*words)
        assert (result.exit_code, result.stderr) == (0, "")
        return str(result.stdout)

    def json(self, *words: object) -> dict[str, Any]:
        """What a verb that succeeds prints for programs."""
        document: dict[str, Any] = json.loads(self.text(*words, "--json"))
        return document

    def refusal(self, *words: object, code: int) -> str:
        """The one line by which a verb ends with this code."""
        result = self.run(*words)
        assert result.exit_code == code, result.output
        return fault_of(result)

    def revision(self) -> int:
        """Where the store is."""
        revision: int = self.json("whoami")["position"]["revision"]
        return revision

    def vpc(self, cidr: str = "10.0.0.0/16") -> str:
        """A new VPC."""
        owner = () if self.token else ("--account", ACCOUNT)
        return str(self.json("vpc", "create", cidr, *owner)["vpc_id"])

    def group(self, vpc: str, *words: object) -> str:
        """A new group."""
        return str(self.json("group", "create", vpc, *words)["security_group_id"])

    def instance(self, vpc: str, *words: object) -> tuple[str, str]:
        """A new instance, and its primary ENI."""
        answer = self.json("instance", "create", vpc, *words)
        return answer["instance_id"], answer["network_interface_id"]

    def rules(self, group: str) -> list[str]:
        """Each rule of a group in short: direction, policy, protocol, ports."""
        rules = self.json("group", "show", group)["permissions"]
        return [f"{rule['direction']} {rule['policy']} {rule['ip_protocol']} {rule['port_range']}" for rule in rules]


def unlike(prefix: str) -> str:
    """A name that no other test has used."""
    return f"{prefix}{next(_numbers)}"
