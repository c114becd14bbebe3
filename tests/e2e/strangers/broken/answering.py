"""A web server of a few lines, for the services beside it, which are each broken in one way."""

import http.server


def serve(port=5000, said=b"up again", *, only="", moved=False, announced=True):
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.path.rpartition("/")[2]
            if moved and asked != "home":
                self.send_response(301)
                self.send_header("Location", "/moved/home")
            elif only and asked != only:
                self.send_response(404)
            else:
                self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *said):
            pass

    if announced:
        print(f"listening on port {port}")
    http.server.ThreadingHTTPServer(("", port), Answer).serve_forever()
