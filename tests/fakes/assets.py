"""Environments, code, components, data and models of a workspace, and the container of its code.

A version never changes once it is put; putting another under its name is refused, as is a shape
that Azure's client does not send, where no specification says more.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from .errors import arm, not_found
from .messages import Answer, Call, answer

ACCOUNT = "account"
CONTAINER = f"{ACCOUNT}/container"
_STEP_TYPES = {"command", "parallel", "spark", "pipeline", "sweep", "automl", "data_transfer"}


class Assets:
    """What is there. Used by many threads at once."""

    def __init__(self, workspace_id: str, address: Callable[[], str]) -> None:
        self.versions: dict[str, dict[str, Any]] = {}
        """By the path below the workspace: components/NAME/versions/VERSION."""
        self.blobs: dict[str, bytes] = {}
        self.metadata: dict[str, dict[str, str]] = {}
        self.blocks: dict[tuple[str, str], bytes] = {}
        self.everything = False
        """Whatever is asked for is there, and its newest version is 7."""
        self.storage: tuple[str, str] | None = None
        """Another one than the stand-in's own: a container's address, and that with a signature."""
        self.states: dict[str, str] = {}
        """By the kind of what is put, its provisioningState; Succeeded where nothing is said."""
        self.computes: set[str] | None = None
        """Those that are there; None: whatever is asked for."""
        self.datastores: set[str] | None = None
        self.public: set[str] = set()
        """Datastores that say that they are in Azure's public cloud, wherever blobs really lie."""
        self.finds_code = True
        """Whether code is found by its hash."""
        self.expired: set[str] = set()
        """Signatures that are not taken any more."""
        self.refuse_blobs = 0
        """How many of the next blobs are refused with 500."""
        self.storage: tuple[str, str] | None = None
        """Another one than the stand-in's own: a container's address, and that with a signature."""
        self._id = workspace_id
        self._address = address
        self._signed = 0
        self._lock = threading.RLock()

    def register(self, kind: str, name: str, version: str, properties: Any = None) -> None:
        """Something that is there already."""
        with self._lock:
            self.versions[f"{kind}/{name}/versions/{version}"] = dict(properties or {})

    def names(self, kind: str) -> list[str]:
        """The paths of what is there of a kind."""
        with self._lock:
            return [path for path in self.versions if path.startswith(f"{kind}/")]

    def serve(self, call: Call) -> Answer:
        """The answer to a call of ARM."""
        path = call.name or "/".join(call.segments[8:])
        parts = path.split("/")
        with self._lock:
            if parts[0] == "datastores":
                return self._datastore(call, parts)
            if parts[0] == "computes" and call.method == "GET":
                return self._compute(parts)
            match call.method, parts[2:]:
                case "GET", ["versions", version]:
                    return self._get(path, version)
                case "PUT", ["versions", version]:
                    return self._put(path, version, call.json)
                case "GET", ["versions"]:
                    return self._list(parts, call)
                case "GET", []:
                    return self._container(parts)
                case "POST", ["versions", _, action] if action == "startPendingUpload":
                    return self._pending()
        raise arm(405, "HttpMethodNotSupported", f"{call.method} {path} is not supported.")

    # ------------------------------------------------------------------------------------ versions

    def _get(self, path: str, version: str) -> Answer:
        found = self.versions.get(path)
        if found is None and self.everything and "nonymous" not in path:
            found = _imagined(path)
        if found is None:
            raise not_found("Version", path)
        return answer(200, self._shown(path, version, found))

    def _put(self, path: str, version: str, body: Any) -> Answer:
        properties = body.get("properties") if isinstance(body, dict) else None
        if not isinstance(properties, dict):
            raise arm(400, "InvalidRequestContent", "The request content was invalid.")
        wrong = wrong_with(path, properties, self)
        if wrong is not None:
            raise arm(400, "UserError", wrong)
        before = self.versions.get(path)
        if before is not None and _meant(before) != _meant(properties):
            raise arm(409, "Conflict", f"{path} is there already, and cannot be changed.")
        self.versions[path] = properties
        return answer(201 if before is None else 200, self._shown(path, version, properties))

    def _list(self, parts: list[str], call: Call) -> Answer:
        wanted = call.query.get("hash")
        if parts[0] == "codes" and wanted is not None:
            found = [
                self._shown(path, "1", one)
                for path, one in self.versions.items()
                if self.finds_code
                and path.startswith("codes/")
                and (one.get("properties") or {}).get("hash_sha256") == wanted
            ]
            return answer(200, {"value": found})
        prefix = f"{parts[0]}/{parts[1]}/versions/"
        newest = [path for path in self.versions if path.startswith(prefix)][-1:]
        items = [
            self._shown(path, path.removeprefix(prefix), self.versions[path]) for path in newest
        ]
        if not items and self.everything:
            items = [self._shown(f"{prefix}7", "7", _imagined(f"{prefix}7"))]
        return answer(200, {"value": items})

    def _container(self, parts: list[str]) -> Answer:
        prefix = f"{parts[0]}/{parts[1]}/versions/"
        found = [path.removeprefix(prefix) for path in self.versions if path.startswith(prefix)]
        if not found and self.everything:
            found = ["7"]
        if not found:
            raise not_found("Asset", parts[1])
        shown = {"latestVersion": found[-1], "dataType": "uri_folder", "isArchived": False}
        return answer(200, {**self._named(parts), "properties": shown})

    def _shown(self, path: str, version: str, properties: Any) -> dict[str, Any]:
        state = self.states.get(path.partition("/")[0], "Succeeded")
        shown = {**properties, "provisioningState": state}
        if path.startswith("data/"):
            del shown["provisioningState"]  # the specification has none there
        return {**self._named(path.split("/")), "properties": shown}

    # -------------------------------------------------------------------------------------- blobs

    def _pending(self) -> Answer:
        self._signed += 1
        # Each has a place of its own, for files of two folders may have one name.
        number = f"-{self._signed}" if self._signed > 1 else ""
        uri = f"{self._address()}/{CONTAINER}{number}"
        address = f"{uri}?sv=1&sig=s{self._signed}"
        if self.storage is not None:
            uri, address = self.storage
        signed = {"credentialType": "SAS", "sasUri": address}
        reference = {"blobUri": uri, "storageAccountArmId": "/x", "credential": signed}
        body = {"pendingUploadId": "1", "pendingUploadType": "TemporaryBlobReference"}
        return answer(200, {**body, "blobReferenceForConsumption": reference})

    def _compute(self, parts: list[str]) -> Answer:
        if self.computes is not None and parts[1] not in self.computes:
            raise arm(404, "ResourceNotFound", f"The Resource {'/'.join(parts)} was not found.")
        cluster = {"computeType": "AmlCompute", "provisioningState": "Succeeded", "properties": {}}
        return answer(200, {**self._named(parts), "location": "westeurope", "properties": cluster})

    def _datastore(self, call: Call, parts: list[str]) -> Answer:
        if self.datastores is not None and parts[1] not in self.datastores:
            raise not_found("DataStore", parts[1])
        own = f"{self._address()}/{CONTAINER}"
        uri, address = self.storage or (own, f"{own}?sig=store")
        host, account, container = uri.removeprefix("http://").split("/")
        if parts[2:] == ["listSecrets"]:
            return answer(200, {"secretsType": "Sas", "sasToken": address.partition("?")[2]})
        properties = {
            "datastoreType": "AzureBlob",
            "credentials": {"credentialsType": "Sas", "secrets": {"secretsType": "Sas"}},
            "accountName": account,
            "containerName": container,
            "endpoint": host,
            "protocol": "http",
            "isDefault": True,
        }
        if parts[1] in self.public:
            properties |= {"endpoint": "core.windows.net", "protocol": "https"}
        return answer(200, {**self._named(parts), "properties": properties})

    def _named(self, parts: list[str]) -> dict[str, Any]:
        kind = "/".join(parts[0::2])
        return {
            "id": f"{self._id}/{'/'.join(parts)}",
            "name": parts[-1],
            "type": f"Microsoft.MachineLearningServices/workspaces/{kind}",
        }

    def blob(self, call: Call) -> Answer:
        """The answer of the storage, which takes a signature and no token."""
        headers = {"etag": '"1"', "last-modified": "Mon, 01 Jan 2026 00:00:00 GMT"}
        name = _blob_name(f"{self._address()}{call.path}")
        with self._lock:
            if "Authorization" in call.headers:
                return Answer(400, b"", {"x-ms-error-code": "TokenInTheWrongPlace"})
            if not call.query.get("sig") or call.query["sig"] in self.expired:
                return Answer(403, b"", {"x-ms-error-code": "AuthenticationFailed"})
            if call.method == "GET":
                return self._read_blob(call, name, headers)
            if call.method == "HEAD":
                return Answer(200 if name in self.blobs else 404, b"", headers)
            if self.refuse_blobs > 0:
                self.refuse_blobs -= 1
                return Answer(500, b"", {"x-ms-error-code": "InternalError"})
            match call.query.get("comp"):
                case "metadata":
                    self.metadata[name] = {
                        key.lower().removeprefix("x-ms-meta-"): value
                        for key, value in call.headers.items()
                        if key.lower().startswith("x-ms-meta-")
                    }
                    return Answer(200, b"", headers)
                case "block":
                    self.blocks[name, call.query["blockid"]] = call.body
                case "blocklist":
                    wanted = re.findall(rb"<Latest>(.*?)</Latest>", call.body)
                    self.blobs[name] = b"".join(
                        self.blocks.pop((name, one.decode())) for one in wanted
                    )
                case _:
                    self.blobs[name] = call.body
        return Answer(201, b"", headers)

    def _read_blob(self, call: Call, name: str, headers: dict[str, str]) -> Answer:
        """A blob, or a part of it; the list of those of a container."""
        if call.query.get("comp") == "list":
            container = f"{name}/" if name != CONTAINER.partition("/")[2] else ""
            prefix = container + call.query.get("prefix", "")
            blobs = "".join(
                f"<Blob><Name>{escape(blob.removeprefix(container))}</Name><Properties><Content-Length>{len(content)}"
                "</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
                for blob, content in sorted(self.blobs.items())
                if blob.startswith(prefix)
            )
            head = '<?xml version="1.0" encoding="utf-8"?><EnumerationResults>'
            text = f"{head}<Blobs>{blobs}</Blobs><NextMarker/></EnumerationResults>"
            return Answer(200, text.encode(), {"content-type": "application/xml"})
        content = self.blobs.get(unquote(name))
        if content is None:
            return Answer(404, b"", {"x-ms-error-code": "BlobNotFound"})
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", call.headers.get("x-ms-range", ""))
        if asked is None:
            return Answer(200, content, headers)
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        span = {"content-range": f"bytes {first}-{last}/{len(content)}"}
        return Answer(206, content[first : last + 1], headers | span)


def _blob_name(address: str) -> str:
    """The name of a blob, after that of its container unless that is the first."""
    below = address.partition(f"/{ACCOUNT}/")[2]
    return below.removeprefix(CONTAINER.partition("/")[2] + "/")


def _meant(properties: dict[str, Any]) -> dict[str, Any]:
    """Without how it came about, which its version does not tell."""
    spec = properties.get("componentSpec") or {}
    return {**properties, "componentSpec": {**spec, "_source": None}}


def _imagined(path: str) -> dict[str, Any]:
    kind, name, _, version = path.split("/")
    spec = {"name": name, "version": version, "type": "command", "command": "echo"}
    component = {"componentSpec": {**spec, "environment": "azureml:e:1"}, "isAnonymous": False}
    data = {"dataType": "uri_folder", "dataUri": "azureml://datastores/w/paths/x"}
    if kind == "models":
        return {"flavors": {}, "modelType": "custom_model", "modelUri": data["dataUri"]}
    return component if kind == "components" else {**data, "image": "python"}


def wrong_with(path: str, properties: dict[str, Any], assets: Assets) -> str | None:
    """Why an asset is not taken."""
    kind, name, _, version = path.split("/")
    if kind == "environments" and name == "CliV2AnonymousEnvironment":
        if not (properties.get("image") or properties.get("build")):
            return "an environment needs an image or a build context"
        return None if len(version) == 64 else "the version of an anonymous environment is a hash"
    if kind == "codes" and assets.storage is None:
        uri = str(properties.get("codeUri"))
        prefix = _blob_name(uri)
        if assets.storage is None and not any(
            not prefix or blob == prefix or blob.startswith(f"{prefix}/") for blob in assets.blobs
        ):
            return f"nothing was uploaded to {uri}"
        return None
    if kind == "components":
        return _wrong_component(properties.get("componentSpec"), version, assets)
    return None


def _wrong_component(spec: Any, version: str, assets: Assets) -> str | None:
    if not isinstance(spec, dict) or spec.get("type") not in _STEP_TYPES:
        return "componentSpec has no type that is known"
    for port in (*(spec.get("inputs") or {}).values(), *(spec.get("outputs") or {}).values()):
        if not isinstance(port, dict) or not port.get("type"):
            return "an input or output of a component has no type"
    for step in (spec.get("jobs") or {}).values():
        wrong = wrong_step(step)
        if wrong is not None:
            return wrong
    for reference in _references(spec):
        if "/workspaces/" in reference:
            needed = reference.partition("/workspaces/")[2].partition("/")[2]
            own = ("codes/", "components/azureml_anonymous/", "environments/CliV2Anonymous")
            if needed.startswith(own) and needed not in assets.versions:
                return f"{needed} is not there"
    return None


_WORDS_OF_FILES = {"mount", "ro_mount", "rw_mount", "download", "upload", "direct"}


def wrong_step(step: Any) -> str | None:
    """Why a step of a pipeline cannot be read by Azure's client; None where it can."""
    if not isinstance(step, dict) or not step.get("type"):
        return "a step has no type"
    for section, key in (("inputs", "job_input_type"), ("outputs", "job_output_type")):
        for name, one in (step.get(section) or {}).items():
            if not isinstance(one, dict) or not (one.get(key) or one.get("type") == "literal"):
                return f"{section}.{name} of a step has no {key}"
            if one.get("mode") in _WORDS_OF_FILES:
                return f"{section}.{name} of a step has the mode {one['mode']}"
    for section, key in (
        ("identity", "identity_type"),
        ("limits", "job_limits_type" if step["type"] == "command" else ""),
        ("distribution", "distribution_type"),
    ):
        found = step.get(section)
        if key and isinstance(found, dict) and found and key not in found:
            return f"{section} of a step has no {key}"
    return None


def wrong_job(properties: Any, assets: Assets) -> str | None:
    """Why the steps of a schedule's job would be read by nobody, or would not run."""
    action = properties.get("action") or {}
    steps = (action.get("jobDefinition") or {}).get("jobs") or {}
    for name, step in steps.items():
        wrong = wrong_step(step)
        if wrong is not None:
            return f"{name}: {wrong}"
        needed = str(step.get("componentId")).partition("/workspaces/")[2].partition("/")[2]
        if needed.startswith("components/azureml_anonymous/") and needed not in assets.versions:
            return f"{name}: {needed} is not there"
    return None


def _references(spec: dict[str, Any]) -> list[str]:
    found = [spec.get("code"), spec.get("environment")]
    task = spec.get("task")
    if isinstance(task, dict):
        found += [task.get("code"), task.get("environment")]
    found += [step.get("componentId") for step in (spec.get("jobs") or {}).values()]
    return [str(one).removeprefix("azureml:") for one in found if one]
