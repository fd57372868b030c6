"""Logging, ours and that of the libraries, as one stream of lines on stderr: JSON for machines, or coloured for people.

Logs never carry flows or addresses that callers asked about; an unexpected error's traceback is the one exception.
"""

import logging
import sys
from enum import Enum

import structlog


class LogFormat(Enum):
    """How lines look."""

    JSON = "json"
    CONSOLE = "console"


def configure_logs(log_format: LogFormat) -> None:
    """Sets up structlog and the standard library's root logger, from INFO up. Called once, by the process's start."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(log_format)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def _renderers(log_format: LogFormat) -> list[structlog.typing.Processor]:
    """Tracebacks without local variables, which hold what callers asked about."""
    if log_format is LogFormat.JSON:
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
