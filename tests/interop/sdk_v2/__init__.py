"""The SDK v2 of Azure ML (azure-ai-ml), by what `serve --sdk-config` writes."""
