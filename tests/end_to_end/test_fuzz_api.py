"""The fuzzer of the API finds nothing in the server, sends what it promises, and sees what is wrong."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.message import DecodeError

from tests import fuzz_api
from tests.fuzz_api import SERVICES, Fuzz, Shot
from tests.fuzz_requests import NEVER, OPTIONS, Requests
from tests.properties.histories import loaded

SUMMARY = r"requests=(\d+) per_service=(\d+) services=(\d+) failures=(\d+) growth_kib=-?\d+ seed=7"


@pytest.fixture(scope="module")
def requests() -> Requests:
    return Requests(loaded(Random(7)))


@pytest.fixture
def fuzz(tmp_path: Path) -> Fuzz:
    fuzz_api.populate(tmp_path / "policy.db", 7)
    return Fuzz(7, tmp_path / "policy.db")


def made(requests: Requests, count: int) -> Iterator[tuple[object, bytes]]:
    """Requests of all methods by turns, each with the class of its message."""
    methods = [method for service in SERVICES.values() for method in service.methods]
    for number in range(count):
        method = methods[number % len(methods)]
        yield method.input_type, requests.request(Random(number), method)


def test_every_service_withstands_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz_api.main(["--requests", "40", "--seed", "7"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    match = re.fullmatch(SUMMARY, last)
    assert match
    assert (first, *map(int, match.groups())) == ("seed=7", 200, 40, 5, 0)


def test_a_seed_and_a_number_repeat_a_request(fuzz: Fuzz) -> None:
    assert fuzz.shot("NetworkService", 5) == fuzz.shot("NetworkService", 5)
    assert fuzz.shot("NetworkService", 5) != fuzz.shot("NetworkService", 6)


def test_no_readable_write_could_change_anything(requests: Requests) -> None:
    guards: Counter[str] = Counter()
    for descriptor, data in made(requests, 4_000):
        if OPTIONS not in descriptor.fields_by_name:  # type: ignore[attr-defined]
            continue
        try:
            message = message_factory.GetMessageClass(descriptor).FromString(data)  # type: ignore[arg-type]
        except DecodeError:
            guards["unreadable"] += 1
            continue
        options = message.write_options  # type: ignore[attr-defined]
        assert options.validate_only or options.expected_revision == NEVER
        guards["validate_only" if options.validate_only else "expected_revision"] += 1
    assert min(guards.values()) > 100
    assert len(guards) == 3


def test_a_policy_that_has_changed_is_seen(fuzz: Fuzz) -> None:
    before = fuzz.state()
    fuzz_api.populate(fuzz.store, 8)
    assert fuzz.state() != before


class Refused(grpc.aio.AioRpcError):
    """An error without details."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details="no")


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.NOT_FOUND])
def test_an_unclear_answer_is_a_failure_that_says_how_to_repeat_it(fuzz: Fuzz, code: grpc.StatusCode) -> None:
    shot = Shot("AccountService", 3, SERVICES["AccountService"].methods[0], b"\x01")
    fuzz._judge(shot, Refused(code), waits=False)
    assert fuzz.failures == [
        f"GetCallerIdentity: {code.name}: no; --seed 7 --service AccountService --only 3; sent 01",
    ]


def test_growth_fails_the_run(fuzz: Fuzz, capsys: pytest.CaptureFixture[str]) -> None:
    fuzz.codes["OK"] = 1
    assert fuzz_api.report(fuzz, range(1), ["AccountService"]) == 0
    fuzz.growth_kib = fuzz_api.MOST_GROWTH_KIB
    assert fuzz_api.report(fuzz, range(1), ["AccountService"]) == 1
    assert "growth_kib=20480" in capsys.readouterr().out
