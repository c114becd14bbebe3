"""The Flask application."""

from flask import Flask, Response, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from service.config import Config
from service.logs import request_id
from service.requests import DrainFlag, RequestMiddleware


def create_app(config: Config | None = None, draining: DrainFlag | None = None) -> Flask:
    """Return the application: `/` greets, `/healthz` tells that it is alive, errors are JSON.

    Args:
        config: Settings; by default those of the environment.
        draining: Raised by the server when SIGTERM has come; by default never.

    Raises:
        ConfigurationError: The environment does not make a valid configuration.
    """
    settings = config or Config.from_environment()
    flag = DrainFlag() if draining is None else draining
    app = Flask(__name__, static_folder=None)
    app.register_error_handler(HTTPException, _as_json)
    app.wsgi_app = RequestMiddleware(  # type: ignore[method-assign]  # Flask's documented place for middleware
        app.wsgi_app, flag, settings.log_level
    )

    @app.get("/")
    def greet() -> Response:
        return Response(settings.greeting, mimetype="text/plain")

    @app.get("/healthz")
    def health() -> Response:
        """Answer 200 as long as requests are served, also while draining.

        ECS takes the task out of the load balancer around the time it sends SIGTERM. Failing the health check
        then would do nothing for traffic but raise UnHealthyHostCount, on which deployment alarms roll back.
        """
        response = jsonify(status="draining" if flag else "ok", version=settings.version)
        response.cache_control.no_store = True
        return response

    return app


def _as_json(error: HTTPException) -> ResponseReturnValue:
    """Keep status and headers of the error (such as Allow), and say in JSON what a client may know of it."""
    response = error.get_response()
    if error.response is None:
        body = jsonify(status=error.code, error=error.name, request_id=request_id.get())
        response.data = body.get_data()
        response.mimetype = "application/json"
    return response
