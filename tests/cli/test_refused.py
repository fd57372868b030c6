"""What a server's refusal ends a verb with, and that the advice names commands which there are."""

import re

import pytest
import typer

from pdp.cli.exits import ExitCode
from pdp.cli.main import app
from pdp.cli.refused import ADVICE, UNREACHED, ServerError, fault_of
from pdp.model.codes import Code
from pdp.server.status import TREATMENTS


@pytest.mark.parametrize("code", Code)
def test_each_code_of_the_product_is_a_refusal_or_the_question_s_fault(code: Code) -> None:
    status = TREATMENTS[code].code.name
    fault = fault_of(ServerError(status, "why", code.value), "127.0.0.1:1")
    assert f"{code.value}: why" in str(fault)
    assert fault.reason == (code.value if status != "UNAVAILABLE" else "")
    expected = {"INVALID_ARGUMENT": ExitCode.USAGE, "NOT_FOUND": ExitCode.USAGE, "UNAVAILABLE": ExitCode.SERVER}
    assert fault.exit_code is expected.get(status, ExitCode.REFUSED)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ServerError("NOT_FOUND", "no", "UNKNOWN_ENI"), ExitCode.USAGE),
        (ServerError("FAILED_PRECONDITION", "no"), ExitCode.USAGE),
        (ServerError("RESOURCE_EXHAUSTED", "no", "TOO_MANY_REQUESTS"), ExitCode.SERVER),
        (ServerError("RESOURCE_EXHAUSTED", "message larger than max"), ExitCode.SERVER),
        (ServerError("INTERNAL", "no", "INTERNAL"), ExitCode.SERVER),
        (ServerError("UNIMPLEMENTED", "no"), ExitCode.SERVER),
        (ServerError("PERMISSION_DENIED", "a proxy says no"), ExitCode.SERVER),
    ],
)
def test_what_no_code_of_the_product_says_keeps_its_meaning(error: ServerError, code: ExitCode) -> None:
    assert fault_of(error, "127.0.0.1:1").exit_code is code


@pytest.mark.parametrize("command", ["`pdp serve --store sqlite:PATH`", "`pdp serve --bundle DIR`"])
def test_a_server_that_is_not_there_says_how_to_start_one(command: str) -> None:
    assert command in str(fault_of(ServerError("UNAVAILABLE", "refused"), "127.0.0.1:1"))


def test_advice_that_the_server_gave_is_not_given_again() -> None:
    """Beside it stand the verbs alone."""
    message = "eni-1: groups per ENI: the limit is 5; leave a group first, or raise groups per ENI"
    told = str(fault_of(ServerError("RESOURCE_EXHAUSTED", message, Code.GROUPS_PER_ENI.value), "127.0.0.1:1"))
    assert told.endswith(f"{message}; `pdp group leave` does the one, `pdp quota set groups_per_eni N` the other")


def test_a_field_that_is_missing_is_told_by_its_flag_where_it_has_another_name() -> None:
    def told(field: str) -> str:
        error = ServerError("INVALID_ARGUMENT", f"{field}: it is missing", Code.MISSING_PARAMETER.value)
        return str(fault_of(error, "127.0.0.1:1"))

    assert told("account_id").endswith("; --account names it")
    assert told("policy_document").endswith("it is missing")


@pytest.mark.parametrize("code", ADVICE, ids=lambda code: code.name)
def test_advice_names_commands_that_there_are(code: Code) -> None:
    for command in re.findall(r"`pdp ([^`]*)`", ADVICE[code]):
        found = typer.main.get_command(app)
        for word in command.split():
            commands = getattr(found, "commands", None)
            if commands is None or not word.islower():
                break
            assert word in commands, f"`pdp {command}`"
            found = commands[word]
        assert found is not typer.main.get_command(app)


@pytest.mark.parametrize("said", UNREACHED)
def test_a_connection_that_failed_for_tls_does_not_say_to_start_a_server(said: str) -> None:
    told = str(fault_of(ServerError("UNAVAILABLE", f"failed to connect: {said}: OK"), "127.0.0.1:1"))
    assert told.endswith(UNREACHED[said])
    assert "pdp serve" not in told


def test_an_agent_is_not_sent_to_an_account_that_it_does_not_have() -> None:
    message = "acs:ram:::agent/one may ask about ENIs of its own hosts alone"
    told = str(fault_of(ServerError("PERMISSION_DENIED", message, Code.FORBIDDEN.value), "127.0.0.1:1"))
    assert told.endswith("to an agent the server's file of tokens gives its hosts")
