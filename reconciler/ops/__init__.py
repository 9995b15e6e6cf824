"""The operations port of the loop: /healthz, /readyz, /metrics, and webhooks that start a cycle.

`app.py` answers, `server.py` listens, `webhooks.py` judges what a forge sends, `metrics.py` counts,
`health.py` is what probes are told.
"""
