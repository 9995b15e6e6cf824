"""Azure Machine Learning as a target, over its REST API."""
