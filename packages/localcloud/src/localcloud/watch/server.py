"""The page's server: one HTML file and one JSON document, on the loopback only."""

import logging
import threading
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, Response, jsonify, request

from localcloud.hints import command
from localcloud.settings import CloudSettings
from localcloud.watch.readings import Reader

PAGE = Path(__file__).with_name("page.html")


def create_app(settings: CloudSettings) -> Flask:
    """The page of one local cloud."""
    app = Flask(__name__)
    reader = Reader(settings)
    one_at_a_time = threading.Lock()

    @app.before_request
    def only_the_user() -> tuple[Response, int] | None:
        """Other pages of the browser are told nothing either."""
        refused = settings.gate.refusal({name.lower(): value for name, value in request.headers.items()})
        return (jsonify({"error": refused}), 403) if refused else None

    @app.get("/")
    def page() -> Response:
        return Response(PAGE.read_text(encoding="utf-8"), mimetype="text/html")

    commands = {verb: command(verb) for verb in ("load", "up")}

    @app.get("/readings")
    def readings() -> tuple[Response, int]:
        try:
            with one_at_a_time:
                return jsonify(reader.document() | {"commands": commands}), 200
        except (BotoCoreError, ClientError) as error:
            address = settings.endpoint
            problem = f"the local cloud at {address} does not answer ({type(error).__name__})"
            problem += f"; {command('start')} starts it"
            return jsonify({"error": problem}), 503

    return app


def serve(settings: CloudSettings, port: int) -> None:
    """Serve the page until Ctrl-C.

    Args:
        settings: Which local cloud to show.
        port: TCP port on the loopback.
    """
    # A line per request every few seconds says nothing.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    create_app(settings).run(host="127.0.0.1", port=port, threaded=True)
