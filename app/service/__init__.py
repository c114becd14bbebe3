"""The Flask service that runs on ECS.

`python -m service` starts it; `service.application.create_app` builds the Flask application.
"""
