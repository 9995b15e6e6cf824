"""The service of published pipelines ("v1") over the workspace, as its clients know it.

What Azure calls a published pipeline is a version of a pipeline here, and never changes; a pipeline
endpoint is the pipeline, whose newest version it runs. So a schedule of a PipelineId stays with a
version, and one of a PipelineEndpointId follows what is published, as in Azure.
"""

from __future__ import annotations

from reconciler.web.v1.routes import routes

__all__ = ["routes"]
