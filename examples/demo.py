"""Starts the real server on the example, asks it over gRPC like a hypervisor, changes the policy, and restarts it.

`make demo`, or `python -m examples.demo`. Needs nothing beside the package itself; ends with 0 when all went well.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pdp.cli.administration.rule_words import rule_lines
from pdp.cli.connection import Connection
from pdp.cli.exits import Fault
from pdp.cli.explain import print_account
from pdp.cli.output import ACTION_STYLES, Page
from pdp.cli.path import path_from_words, print_path
from pdp.cli.remote import Remote, RemoteAnswers
from pdp.cli.verdict_text import reach, why
from pdp.cli.words import flow_from_words

EXAMPLE = Path(__file__).parent / "three-tier"
TIMEOUT_S = 30

QUESTIONS = (
    ("A customer opens the shop", "eni-bp1web01 ingress tcp 198.51.100.230:51034 10.20.1.11:https"),
    ("... over IPv6", "eni-bp1web01 ingress tcp [2001:db8:77::9]:51034 [2408:4005:3c0:9c01::11]:https"),
    ("A scraper tries: at equal priority, drop wins", "eni-bp1web01 ingress tcp 203.0.113.40:40112 10.20.1.11:https"),
    ("An office pings a web server (prefix list)", "eni-bp1web02 ingress icmp 198.51.100.17 10.20.1.12"),
    ("The internet tries ssh", "eni-bp1web01 ingress tcp 198.51.100.17:40222 10.20.1.11:ssh"),
    ("The bastion does (group peer)", "eni-bp1web01 ingress tcp 10.20.9.4:40222 10.20.1.11:ssh"),
    ("A container queries the database", "eni-bp1db01 ingress tcp 10.20.2.165:42000 10.20.3.31:mysql"),
    ("One service calls another (same group)", "eni-bp1app01 ingress tcp 10.20.2.22:38800 10.20.2.21:7000"),
    ("An instance calls its own second interface", "eni-bp1app01 egress tcp 10.20.2.21:39000 10.20.9.21:9100"),
    ("The load balancer checks health", "eni-bp1app01 ingress tcp 100.64.12.3:61001 10.20.2.21:8080"),
    ("A service sends mail by itself", "eni-bp1app01 egress tcp 10.20.2.21:39000 203.0.113.25:smtp"),
    (
        "The cache, in an advanced group, asks for a name",
        "eni-bp1cache01 egress udp 10.20.2.41:42000 100.100.2.136:dns",
    ),
    ("A job reaches its neighbour (isolated group)", "eni-bp1job01 ingress tcp 10.20.8.82:42000 10.20.8.81:http"),
    ("An instance under penalty calls out", "eni-bp1job02 egress tcp 10.20.8.82:42000 198.51.100.230:https"),
)
"""What is asked, and in which words: those of `pdp check`."""
EXPLAINED = "eni-bp1bastion ingress tcp 203.0.113.40:50022 10.20.9.4:ssh"
PATH = "eni-bp1app01:40000 eni-bp1db01:mysql tcp"


CHANGED = "eni-bp1web01 ingress tcp 198.51.100.230:40222 10.20.1.11:ssh"
"""What a change of the policy decides anew."""


def main() -> None:
    """The whole tour."""
    page = Page()
    with tempfile.TemporaryDirectory() as directory:
        store = f"sqlite:{directory}/shop.db"
        with server("--store", store, "--bundle", EXAMPLE / "bundle") as address:
            page.line(f"A server answers at {address} from a new store that began with examples/three-tier/bundle")
            ask(page, address)
            before = change(page, address)
        page.heading("The server has stopped; another one starts on the same store")
        with server("--store", store) as address:
            after = check(page, address, before["revision"])
    if after != before:
        sys.exit(f"the restart has changed the answer: {before} became {after}")
    page.line()
    page.line("The same verdict at the same revision: the store has kept the change. Start a server yourself:")
    page.line("source .venv/bin/activate")
    page.line("pdp serve --store sqlite:shop.db --bundle examples/three-tier/bundle")


def ask(page: Page, address: str) -> None:
    """What the policy says as it came."""
    with RemoteAnswers(Connection(address), TIMEOUT_S, at_least_revision=0) as answers:
        for number, (title, words) in enumerate(QUESTIONS, 1):
            page.heading(f"{number}. {title}")
            page.line((f"$ pdp check {words}", "dim"))
            eni, *flow_words = words.split()
            flow = flow_from_words(*flow_words)
            print_answer(page, answers.check(eni, flow, None))
        page.heading("Why does the old group not open ssh to everybody?")
        page.line((f"$ pdp explain {EXPLAINED}", "dim"))
        eni, *flow_words = EXPLAINED.split()
        flow = flow_from_words(*flow_words)
        print_account(page, answers.explain(eni, flow, None, rule="", group=""), f"{eni} {flow}")
        page.heading("May a service reach the database, by both ends' groups?")
        page.line((f"$ pdp path {PATH}", "dim"))
        question = path_from_words(*PATH.split())
        print_path(page, question, answers.path(question, None))


def change(page: Page, address: str) -> dict[str, Any]:
    """Opens a port and asks again; then tries what may not be. Gives the last verdict."""
    with Remote(Connection(address), TIMEOUT_S) as remote:
        page.heading("Changing the policy: may a contractor use ssh?")
        check(page, address)
        page.heading("Not yet. A rule is added, with one commit")
        page.line(("$ pdp group authorize sg-bp1web ingress tcp --port ssh --from 198.51.100.230/32", "dim"))
        rule = {"ip_protocol": "TCP", "port_range": "22/22", "source_cidr_ip": "198.51.100.230/32"}
        wish = {"security_group_id": "sg-bp1web", "permissions": [rule]}
        answer = remote.call("AuthorizeSecurityGroup", wish)
        revision = answer["position"]["revision"]
        for line in rule_lines("+", answer["permissions"]):
            page.line(line)
        page.field("revision", str(revision))
        page.heading(f"The same question, to be answered at revision {revision} or a later one")
        verdict = check(page, address, revision)
        page.heading("What would break something is refused, in words, and changes nothing")
        page.line(("$ pdp group delete sg-bp1app", "dim"))
        try:
            remote.call("DeleteSecurityGroup", {"security_group_id": "sg-bp1app"})
        except Fault as refusal:
            page.line(("REFUSED", "bold yellow"), f"  {refusal}")
        else:
            sys.exit("a group in use was deleted")
    return verdict


def check(page: Page, address: str, at_least_revision: int = 0) -> dict[str, Any]:
    """Asks and prints CHANGED: a server that has not reached the revision waits for it."""
    eni, *words = CHANGED.split()
    page.line((f"$ pdp check {CHANGED}", "dim"))
    with RemoteAnswers(Connection(address), TIMEOUT_S, at_least_revision) as answers:
        verdict = answers.check(eni, flow_from_words(*words), None)
    print_answer(page, verdict)
    page.field("revision", f"{verdict['revision']} of {verdict['store']}")
    return verdict


def print_answer(page: Page, verdict: dict[str, Any]) -> None:
    """Accept or drop, why, and how far that reaches."""
    page.line((verdict["action"], ACTION_STYLES[verdict["action"]]), f"  {why(verdict)}")
    page.field("holds for", reach(verdict["region"]))


@contextmanager
def server(*options: str | Path, directory: Path | None = None) -> Iterator[str]:
    """`pdp serve` with these options in a process of its own, on a free port: its address once it serves.

    It works in that directory, or in the present one, and is stopped cleanly.
    """
    command = [sys.executable, "-m", "pdp.cli", "serve", *options, "--listen", "127.0.0.1:0", "--json"]
    with subprocess.Popen(command, cwd=directory, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield _address_when_serving(process)
        finally:
            process.terminate()
            code = process.wait(TIMEOUT_S)
    if code:
        sys.exit(f"the server ended with {code}")


def _address_when_serving(process: subprocess.Popen[str]) -> str:
    """Reads the server's log until it serves."""
    address, log = "", []
    for line in process.stderr or ():
        log.append(line)
        entry = json.loads(line) if line.startswith("{") else {}
        if entry.get("event") == "listening":
            address = entry["address"]
        if entry.get("event") == "serving":
            return address
    sys.exit(f"the server did not start:\n{''.join(log)}")


if __name__ == "__main__":
    main()
