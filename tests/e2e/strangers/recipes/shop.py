"""The services of the recipes: what calls Redis, PostgreSQL and a private API, and that API."""

import http.server
import json
import os
import urllib.request

import pg8000.native
import redis


def found():
    """What each of the others answers."""
    if "API_URL" not in os.environ:
        return {"api": "in private"}
    cache = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=3)
    where = {"host": os.environ["PGHOST"], "password": os.environ["PGPASSWORD"], "timeout": 3}
    with pg8000.native.Connection(os.environ["PGUSER"], **where) as database:
        [[version]] = database.run("SHOW server_version_num")
    with urllib.request.urlopen(os.environ["API_URL"], timeout=3) as answer:
        api = json.load(answer)
    return {"visits": cache.incr("visits"), "postgres": int(version) // 10000, **api}


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            code, said = 200, {} if self.path == "/healthz" else found()
        except Exception as error:
            code, said = 503, {"error": repr(error)}
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())


http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
