"""`pdp serve`: what can be set. Running servers are in tests/end_to_end/test_cli_processes.py."""

import inspect
from dataclasses import fields
from pathlib import Path

import pytest

from pdp.cli.serve import serve
from pdp.server.config import ServerConfig
from tests.cli.running import BUNDLE, Pdp, fault_of


def test_defaults_are_the_server_s_own() -> None:
    parameters = inspect.signature(serve).parameters
    shared = {field.name: field.default for field in fields(ServerConfig) if field.name in parameters}
    assert {name: parameters[name].default for name in shared} == shared
    assert len(shared) >= 5


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:70000", "::1:50051", ":50051"])
def test_an_address_that_is_none_is_refused(listen: str, pdp: Pdp) -> None:
    for words in (("--listen", listen), ("--listen", "127.0.0.1:0", "--metrics-listen", listen)):
        result = pdp("serve", "--bundle", BUNDLE, *words)
        assert result.exit_code == 2
        assert listen in fault_of(result)


@pytest.mark.parametrize(
    "option",
    ["--most-batch-rows", "--most-column-rows", "--most-requests-at-once", "--most-message-mib", "--index-cache-mib"],
)
def test_a_limit_is_at_least_one(option: str, pdp: Pdp) -> None:
    assert pdp("serve", "--bundle", BUNDLE, option, "0").exit_code == 2


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--most-message-mib", "2048"),
        *(
            (option, value)
            for option in ("--shortest-ping-interval-s", "--grace-s")
            for value in ("inf", "nan", "1e30", "86401", "-1", "soon")
        ),
    ],
)
def test_a_number_that_no_server_could_keep_to_is_refused(option: str, value: str, pdp: Pdp) -> None:
    result = pdp("serve", "--bundle", BUNDLE, option, value)
    assert result.exit_code == 2
    assert fault_of(result).startswith(f"Invalid value for '{option}': ")


@pytest.mark.parametrize("store", ["foo", "sqlite:", "memory:x", ""])
def test_what_is_no_store_is_refused_before_anything_starts(store: str, pdp: Pdp) -> None:
    result = pdp("serve", "--store", store, "--listen", "127.0.0.1:0")
    assert result.exit_code == 2
    assert "this names no store; write sqlite:PATH, or memory:" in fault_of(result)


def test_a_store_or_a_bundle_is_required(tmp_path: Path, pdp: Pdp) -> None:
    result = pdp("serve", "--listen", f"unix:{tmp_path}/socket")
    assert result.exit_code == 2
    assert "--store sqlite:PATH" in fault_of(result)
    assert "--bundle DIR" in fault_of(result)


@pytest.mark.parametrize("option", ["--tls-cert", "--tls-key"])
def test_a_certificate_has_its_key(option: str, tmp_path: Path, pdp: Pdp) -> None:
    result = pdp("serve", "--bundle", BUNDLE, option, str(tmp_path / "file.pem"))
    assert result.exit_code == 2
    assert "belong together" in fault_of(result)
