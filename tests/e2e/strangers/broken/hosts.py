import http.server
import os

ALLOWED = os.environ.get("ALLOWED_HOSTS", "shop.example").split(",")


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        fits = "*" in ALLOWED or self.headers["Host"] in ALLOWED
        if not fits:
            print(f"Invalid HTTP_HOST header: {self.headers['Host']!r}. You may need to add it to ALLOWED_HOSTS.")
        self.send_response(200 if fits else 400)
        self.end_headers()
        self.wfile.write(b"up again")


print("listening on port 5000")
http.server.ThreadingHTTPServer(("", 5000), Answer).serve_forever()
