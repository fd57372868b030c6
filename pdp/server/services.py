"""All services of a server, and what they share: who calls, the audit log, and the two threads of administration."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from pdp.server import decision_service, import_service
from pdp.server.accounts.service import ACCOUNT_SERVICE
from pdp.server.administration import Administration, NoAudit, Records, Surroundings
from pdp.server.audit import AuditLog
from pdp.server.check_gate import CheckGate
from pdp.server.config import ServerConfig
from pdp.server.counts import Counts
from pdp.server.credentials import NoCredentials, WhoCalls, open_credentials
from pdp.server.decision_service import DecisionService
from pdp.server.guard import Method
from pdp.server.import_service import ImportService
from pdp.server.network.service import NETWORK_SERVICE
from pdp.server.permissions import permit
from pdp.server.security_groups.service import SECURITY_GROUP_SERVICE
from pdp.server.source import PolicySource
from pdp.server.tls import open_certificate
from pdp.server.turns import Turns

ADMINISTRATION = (SECURITY_GROUP_SERVICE, NETWORK_SERVICE, ACCOUNT_SERVICE)
WRITING_SERVICES = (*(service.name for service in ADMINISTRATION), import_service.SERVICE_NAME)
"""Those that need the store to take writes."""
SERVICES = (decision_service.SERVICE_NAME, *WRITING_SERVICES)
"""Our own, all of them."""


class Security:
    """How a server tells callers apart, and whether others can listen. Raises CredentialsError and TlsError."""

    def __init__(self, config: ServerConfig) -> None:
        self.is_configured = config.credentials is not None
        self.who: WhoCalls = NoCredentials() if config.credentials is None else open_credentials(config.credentials)
        self.certificate = None
        if config.tls_cert is not None and config.tls_key is not None:
            self.certificate = open_certificate(config.tls_cert, config.tls_key)

    @property
    def has_tls(self) -> bool:
        """Whether what travels can be read by nobody else."""
        return self.certificate is not None


class Services:
    """Every method of every service. `administration` is asked once its `policies` are set."""

    def __init__(self, config: ServerConfig, security: Security, source: PolicySource, counts: Counts) -> None:
        self._audit = AuditLog(config.audit_log) if config.audit_log is not None else None
        audit: Records = NoAudit() if self._audit is None else self._audit
        self._write_thread, self._read_thread = (
            ThreadPoolExecutor(1, thread_name_prefix=name) for name in ("write", "read")
        )
        secure = security.has_tls
        self.administration = Administration(
            Surroundings(
                security.who, permit, audit, self._write_thread, self._read_thread, region=config.region, secure=secure
            )
        )
        self._imports = ImportService().service
        self._decisions = DecisionService(
            source,
            counts,
            Turns(),
            most_batch_rows=config.most_batch_rows,
            most_column_rows=config.most_column_rows,
            # Without credentials everybody may ask, and no check pays for finding out.
            gate=CheckGate(security.who, audit, config.region, secure=secure) if security.is_configured else None,
        )

    @property
    def audit_lost(self) -> int:
        """Lines that the audit log has lost."""
        return self._audit.lost if self._audit is not None else 0

    def methods(self) -> dict[str, Mapping[str, Method]]:
        """The methods by service."""
        return {
            decision_service.SERVICE_NAME: self._decisions.methods(),
            **{service.name: self.administration.methods(service) for service in (*ADMINISTRATION, self._imports)},
        }

    def stop(self) -> None:
        """Ends the threads, once no call is open any more."""
        for thread in (self._write_thread, self._read_thread):
            thread.shutdown(cancel_futures=True)
        if self._audit is not None:
            self._audit.close()
