import http.server

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the stage that is not the last")

http.server.ThreadingHTTPServer(("", 9000), Answer).serve_forever()
