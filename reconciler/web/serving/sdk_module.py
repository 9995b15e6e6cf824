"""How Microsoft's SDKs sign in to this server. Written by `reconciler serve --sdk-config`.

    from reconciler_sdk import authentication            # SDK v1: azureml-core
    ws = Workspace.from_config(auth=authentication())

    from reconciler_sdk import ml_client                 # SDK v2: azure-ai-ml
    client = ml_client()

The token is in TOKEN_FILE, or in the environment as RECONCILER_TOKEN; what the SDKs are given is
signed with it, and good for an hour.
"""

# ruff: noqa
# mypy: ignore-errors
import base64
import copy
import hmac
import json
import os
import time
from collections import namedtuple

ADDRESS = "ADDRESS"
SUBSCRIPTION_ID = "SUBSCRIPTION"
RESOURCE_GROUP = "GROUP"
WORKSPACE_NAME = "WORKSPACE"
TOKEN_FILE = "TOKEN_FILE"
TENANT_ID = "00000000-0000-0000-0000-000000000000"
SECONDS = 3600
STORAGE = "storage.invalid"


def access_token(seconds=SECONDS, audience=ADDRESS):
    """A JWT of this server's token: what it is good for, and until when, in seconds since 1970."""
    key = os.environ.get("RECONCILER_TOKEN")
    if key is None:
        if TOKEN_FILE is None:
            raise RuntimeError("set RECONCILER_TOKEN to the token of reconciler serve")
        with open(TOKEN_FILE, encoding="ascii") as file:
            key = file.read().strip()
    ends = int(time.time()) + seconds
    claims = {"aud": audience, "exp": ends, "tid": TENANT_ID, "oid": TENANT_ID}
    said = b".".join(_part(json.dumps(one).encode()) for one in ({"alg": "HS256"}, claims))
    return (said + b"." + _part(hmac.digest(key.encode(), said, "sha256"))).decode(), ends


def _part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def authentication():
    """The authentication of `Workspace.from_config(auth=...)` in the SDK v1."""
    from azureml.core.authentication import TokenAuthentication

    subscription = namedtuple("subscription", "subscription_name subscription_id")

    class Reconciler(TokenAuthentication):
        def __init__(self):
            super().__init__(lambda audience: access_token()[0], cloud="AzureCloud")
            self._cloud_type = copy.deepcopy(self._cloud_type)
            self._cloud_type.endpoints.resource_manager = ADDRESS

        def _get_all_subscription_ids(self):
            return [subscription(SUBSCRIPTION_ID, SUBSCRIPTION_ID)], TENANT_ID

    return Reconciler()


def credential():
    """The credential of `MLClient(credential, ...)` in the SDK v2."""
    from azure.core.credentials import AccessToken

    class Reconciler:
        def get_token(self, *scopes, **_):
            return AccessToken(
                *access_token(audience=(*scopes, ADDRESS)[0].removesuffix("/.default"))
            )

    return Reconciler()


def ml_client(**options):
    """An MLClient whose cloud is this server. Over http, to this machine, it sends its token too."""
    from azure.ai.ml import MLClient
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

    class Plain(ARMChallengeAuthenticationPolicy):
        def on_request(self, request):
            if request.http_request.url.startswith(ADDRESS + "/"):
                request.context.options["enforce_https"] = False
                request.http_request.headers["x-reconciler-sdk"] = "1"
            super().on_request(request)

    sign_in = credential()
    client = MLClient(
        sign_in,
        SUBSCRIPTION_ID,
        RESOURCE_GROUP,
        WORKSPACE_NAME,
        enable_telemetry=False,
        authentication_policy=Plain(sign_in, f"{ADDRESS}/.default"),
        cloud="reconciler",
        cloud_metadata={
            "resource_manager": f"{ADDRESS}/",
            "azure_portal": f"{ADDRESS}/",
            "active_directory": f"{ADDRESS}/login/",
            "aml_resource_id": f"{ADDRESS}/ml/",
            "storage_endpoint": STORAGE,
            "registry_discovery_endpoint": f"{ADDRESS}/registry/",
        },
        **options,
    )
    client.datastores._credential = _storage()
    return client


def _storage():
    """How requests for a storage account are signed: they go to this server, with its token."""
    from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy

    account = "https://stores.blob." + STORAGE

    class ToThisServer(SharedKeyCredentialPolicy):
        def on_request(self, request):
            if request.http_request.url.startswith(account + "/"):
                rest = request.http_request.url[len(account) :]
                request.http_request.url = ADDRESS + "/stores" + rest
            if request.http_request.url.startswith(ADDRESS + "/stores/"):
                request.http_request.headers["Authorization"] = "Bearer " + access_token()[0]

    return ToThisServer("stores", "")
