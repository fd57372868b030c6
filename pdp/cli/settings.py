"""What a person sets once: the server, the token, the CA and the output, by environment or in a file of TOML.

A flag goes before the environment, the environment before the file. Nothing here talks to a server.
"""

import os
import tomllib
from pathlib import Path
from stat import S_IRGRP, S_IROTH

from pdp.cli.exits import ExitCode, Fault

VARIABLES = {"server": "PDP_SERVER", "token": "PDP_TOKEN", "ca": "PDP_CA", "output": "PDP_OUTPUT"}
"""Each setting, as the file names it, with its variable."""
FILE_VARIABLE = "PDP_CONFIG"
USUAL_FILE = Path("~/.config/pdp/config.toml")

JSON, TEXT = "json", "text"


def setting(name: str, flag: str | None = None) -> str:
    """A setting by flag, environment or file; empty when none of them says anything. Raises Fault with USAGE."""
    if flag == "":
        raise Fault(ExitCode.USAGE, f"--{name} is blank; name one, or leave it out (is a variable of the shell unset?)")
    return flag or os.environ.get(VARIABLES[name]) or _file_settings().get(name, "")


def prefers_json() -> bool:
    """Whether the output is JSON where no flag says otherwise. Raises Fault with USAGE."""
    output = setting("output")
    if output not in {"", JSON, TEXT}:
        raise Fault(ExitCode.USAGE, f"output {output!r} is neither {TEXT} nor {JSON}; correct ${VARIABLES['output']}")
    return output == JSON


def _file_settings() -> dict[str, str]:
    """What the file says; nothing when there is none. One that was named must be there."""
    named = os.environ.get(FILE_VARIABLE)
    path = Path(named) if named else USUAL_FILE.expanduser()
    if not named and not path.exists():
        return {}
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        readable_by_others = path.stat().st_mode & (S_IRGRP | S_IROTH)
    except OSError as error:
        raise Fault(ExitCode.USAGE, f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise Fault(ExitCode.USAGE, f"{path} is not TOML: {error}") from None
    for name, value in settings.items():
        if name not in VARIABLES:
            known = ", ".join(VARIABLES)
            raise Fault(ExitCode.USAGE, f"{path}: {name!r} is not a setting; the settings are {known}")
        if not isinstance(value, str):
            raise Fault(ExitCode.USAGE, f"{path}: {name} must be a text in quotes")
    if settings.get("token") and readable_by_others:
        raise Fault(ExitCode.USAGE, f"{path} holds a token and others may read it; take that away: chmod 600 {path}")
    return settings
