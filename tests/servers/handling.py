"""What every small HTTP server of the tests does with a request."""

from http.server import BaseHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    """Answers whole, and says nothing."""

    def answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""
