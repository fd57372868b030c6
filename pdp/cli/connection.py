"""Which server is asked, and as whom. A token never leaves this machine in the clear; nothing here talks to anybody."""

from pathlib import Path
from typing import NamedTuple

from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import DEFAULT_SERVER, SYSTEM_CA
from pdp.cli.settings import setting
from pdp.model.errors import quoted
from pdp.server.listening import LOCAL_PREFIXES, ListenError, is_local, parse_host_port


class Connection(NamedTuple):
    """A server as HOST:PORT or unix:PATH; the token, empty for none; and the CA, empty for a connection without TLS."""

    server: str
    token: str = ""
    ca: str = ""

    def roots(self) -> bytes | None:
        """The certificates to trust; None for those of the system. Raises Fault with USAGE."""
        if self.ca == SYSTEM_CA:
            return None
        # No verb without TLS pays for it.
        import ssl  # noqa: PLC0415

        try:
            pem = Path(self.ca).read_bytes()
            # Letters beyond ASCII stand between certificates only.
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem.decode("ascii", "ignore"))
        except (ssl.SSLError, ValueError):
            raise Fault(ExitCode.USAGE, f"the CA {self.ca} holds no certificate (PEM)") from None
        except OSError as error:
            raise Fault(ExitCode.USAGE, f"cannot read the CA {self.ca}: {error.strerror}") from None
        return pem


def connection(server: str | None = None, token: str | None = None, ca: str | None = None) -> Connection:
    """The connection that flags, environment and file describe. Raises Fault with USAGE."""
    chosen = Connection(setting("server", server) or DEFAULT_SERVER, setting("token", token), setting("ca", ca))
    stays_here = _stays_here(chosen.server)
    if not (chosen.token.isascii() and chosen.token.isprintable()) or " " in chosen.token:
        raise Fault(ExitCode.USAGE, "the token has characters that no token has; is a line break or a blank in it?")
    if chosen.token and not chosen.ca and not stays_here:
        raise Fault(
            ExitCode.USAGE,
            f"the token is not sent to {chosen.server} without TLS, where it could be read on its way; "
            f"name the server's CA with --ca FILE, or --ca {SYSTEM_CA}",
        )
    return chosen


def _stays_here(server: str) -> bool:
    """Whether a server is on this machine. Raises Fault with USAGE for what is no address of one."""
    try:
        local = is_local(server)
        if server.isprintable() and (server.startswith(LOCAL_PREFIXES) or parse_host_port(server).port):
            return local
    except ListenError:
        pass
    raise Fault(
        ExitCode.USAGE,
        f"{quoted(server)} is no server; give HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051, or unix:PATH",
    )
