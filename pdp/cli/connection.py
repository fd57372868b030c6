"""Which server is asked, and as whom. A token never leaves this machine in the clear; nothing here talks to anybody."""

from pathlib import Path
from typing import NamedTuple

from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import DEFAULT_SERVER, SYSTEM_CA
from pdp.cli.settings import setting
from pdp.server.listening import ListenError, is_local


class Connection(NamedTuple):
    """A server as HOST:PORT or unix:PATH; the token, empty for none; and the CA, empty for a connection without TLS."""

    server: str
    token: str = ""
    ca: str = ""

    def roots(self) -> bytes | None:
        """The certificates to trust; None for those of the system. Raises Fault with USAGE."""
        if self.ca == SYSTEM_CA:
            return None
        try:
            return Path(self.ca).read_bytes()
        except OSError as error:
            raise Fault(ExitCode.USAGE, f"cannot read the CA {self.ca}: {error.strerror}") from None


def connection(server: str | None = None, token: str | None = None, ca: str | None = None) -> Connection:
    """The connection that flags, environment and file describe. Raises Fault with USAGE."""
    chosen = Connection(setting("server", server) or DEFAULT_SERVER, setting("token", token), setting("ca", ca))
    if not (chosen.token.isascii() and chosen.token.isprintable()) or " " in chosen.token:
        raise Fault(ExitCode.USAGE, "the token has characters that no token has; is a line break or a blank in it?")
    if chosen.token and not chosen.ca and not _stays_here(chosen.server):
        raise Fault(
            ExitCode.USAGE,
            f"the token is not sent to {chosen.server} without TLS, where it could be read on its way; "
            f"name the server's CA with --ca FILE, or --ca {SYSTEM_CA}",
        )
    return chosen


def _stays_here(server: str) -> bool:
    try:
        return is_local(server)
    except ListenError:
        return False  # a name that grpc may still resolve, to wherever
