import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from pdp.server.logs import LogFormat, configure_logs


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_a_json_object_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogFormat.JSON)
    structlog.get_logger("pdp.test").info("listening", address="127.0.0.1:1")
    out, err = capsys.readouterr()
    line = json.loads(err)
    assert out == ""
    assert (line["event"], line["address"], line["level"]) == ("listening", "127.0.0.1:1", "info")
    assert line["timestamp"].endswith("Z")


def test_libraries_log_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogFormat.JSON)
    logging.getLogger("grpc").warning("something %s", "odd")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["logger"], line["level"]) == ("something odd", "grpc", "warning")


def test_an_exception_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogFormat.JSON)
    structlog.get_logger("pdp.test").error("unexpected", exc_info=ValueError("the cause"))
    (line,) = capsys.readouterr().err.splitlines()
    assert "the cause" in json.dumps(json.loads(line))


def fail(asked_about: str) -> None:
    raise ValueError(f"the cause, {len(asked_about)} characters long")


@pytest.mark.parametrize("log_format", LogFormat)
def test_a_traceback_shows_where_and_never_what_was_asked_about(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(log_format)
    try:
        fail("198.51." + "100.7")
    except ValueError as error:
        structlog.get_logger("pdp.test").error("unexpected", exc_info=error)
    written = capsys.readouterr().err
    assert "the cause" in written
    assert "198.51.100.7" not in written


def test_people_get_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogFormat.CONSOLE)
    structlog.get_logger("pdp.test").info("listening", address="127.0.0.1:1")
    line = capsys.readouterr().err
    assert "listening" in line
    assert not line.startswith("{")
