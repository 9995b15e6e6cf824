"""What Microsoft's SDKs need to find this server: a folder with `config.json` and a module.

The module has the authentication of the SDK v1 and the credential of v2. It holds no secret: it
reads the token where it is kept, or in RECONCILER_TOKEN, and signs with it what the SDKs take for
a token (access/signed_tokens.py). Nothing of an SDK is patched: `TokenAuthentication` is its class
for tokens that are made elsewhere, and a cloud is where its Resource Manager is.
"""

from __future__ import annotations

import json
from pathlib import Path

from reconciler.errors import ReconcilerError

CONFIG, MODULE = "config.json", "reconciler_sdk.py"


def write_sdk_config(
    folder: Path, address: str, name: tuple[str, str, str], token_file: Path | None
) -> list[Path]:
    """Write both files; which. ReconcilerError. `token_file` None: the token is in the
    environment.
    """
    config = dict(zip(("subscription_id", "resource_group", "workspace_name"), name, strict=True))
    template = Path(__file__).with_name("sdk_module.py").read_text("utf-8")
    said = {
        '"ADDRESS"': json.dumps(address),
        '"SUBSCRIPTION"': json.dumps(name[0]),
        '"GROUP"': json.dumps(name[1]),
        '"WORKSPACE"': json.dumps(name[2]),
        '"TOKEN_FILE"': repr(str(token_file.resolve())) if token_file is not None else "None",
    }
    for mark, value in said.items():
        template = template.replace(f"= {mark}", f"= {value}", 1)
    written = [folder / CONFIG, folder / MODULE]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written[0].write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        written[1].write_text(template, "utf-8")
    except OSError as error:
        raise ReconcilerError(f"{folder}: {error.strerror}") from error
    return written
