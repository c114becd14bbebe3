import http.server
import os


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"where PORT says")


http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
