"""The versions of the API that each kind of resource is called by."""

from __future__ import annotations

VERSIONS = {
    "environments": "2023-04-01-preview",
    "codes": "2023-04-01",
    "components": "2024-01-01-preview",
    "data": "2023-04-01-preview",
    "models": "2023-04-01-preview",
    "datastores": "2024-10-01-preview",
    "computes": "2023-10-01",
    "jobs": "2023-10-01",
}
"""The version of the API that Azure's client uses for each kind: azure-ai-ml 1.35.
Of computes and jobs, which are only looked at, the stable one."""
