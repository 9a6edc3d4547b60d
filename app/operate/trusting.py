"""The plain door beside HTTPS: a phone gets the certificate of the authority here, with how to trust it, and goes on.

Nothing else is served without encryption. The page and its pictures are made once at start.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import segno
import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core import i18n
from app.operate.certificates import Certificates

FOLDER = Path(__file__).parents[1] / "templates"
PAGE = "text/html; charset=utf-8"
CA = "/ca.crt"
_pages = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
_pages.globals.update(_=i18n._)
log = structlog.get_logger()


def https_url(host: str, port: int) -> str:
    """Where the application is."""
    return f"https://{host}:{port}" if ":" not in host else f"https://[{host}]:{port}"


def lines(made: Certificates, port: int, door: int) -> list[str]:
    """What is printed at start: the address for phones, as text and as a code to be photographed."""
    plain = f"http://{made.names[0]}:{door}/"
    rows = [[not cell for cell in row] for row in segno.make(plain, error="l").matrix_iter(border=2)]  # light on dark
    rows += [[True] * len(rows[0])] * (len(rows) % 2)
    marks = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    drawn = ["".join(marks[pair] for pair in zip(rows[i], rows[i + 1], strict=True)) for i in range(0, len(rows), 2)]
    return [
        f"On a phone in the same network: {https_url(made.names[0], port)}",
        f"First time: open {plain} there (or photograph this), and follow the three steps.",
        "",
        *(f"    {row}" for row in drawn),
    ]


def pages(made: Certificates, port: int) -> dict[str, tuple[str, bytes]]:
    """What the door serves, by path: type and content."""
    code = segno.make(https_url(made.names[0], port), error="m")
    picture = code.svg_inline(scale=5, border=2, dark="#0f3d46")
    found = {CA: ("application/x-x509-ca-cert", made.authority.read_bytes())}
    for language, paths in (("zh_Hans", ("/", "/zh")), ("en", ("/en",))):
        with i18n.reading(language):
            page = _pages.get_template("operate/trust.html").render(
                language=language, url=https_url(made.names[0], port), ca=CA, picture=picture
            )
        found |= {path: (PAGE, page.encode()) for path in paths}
    return found


def open_door(made: Certificates, port: int, door: int) -> ThreadingHTTPServer:
    """The server of it, listening; `serve_forever` serves. Raises OSError when the port is taken."""
    content = pages(made, port)

    class Door(BaseHTTPRequestHandler):
        """Answers what is in `content`; everything else goes to the application."""

        timeout = 10
        server_version, sys_version = "Youxu", ""

        def do_GET(self) -> None:
            """One of the pages, in the browser's language, or the way to HTTPS."""
            path = self.path.partition("?")[0]
            if path == "/" and self.headers.get("Accept-Language", "").lower().startswith("en"):
                path = "/en"
            if path not in content:
                self.send_response(302)
                self.send_header("Location", https_url(made.names[0], port) + "/")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            kind, body = content[path]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            if path == CA:
                self.send_header("Content-Disposition", 'attachment; filename="youxu-ca.crt"')
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name is the library's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            """Into our log."""
            log.debug("door", said=format % args)

    return ThreadingHTTPServer(("0.0.0.0", door), Door)  # noqa: S104 - for phones in the house
