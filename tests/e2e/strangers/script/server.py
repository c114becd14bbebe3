import http.server

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(open("/tmp/greeting", "rb").read())

http.server.ThreadingHTTPServer(("", 7000), Answer).serve_forever()
