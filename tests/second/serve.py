"""A web server for a folder of files, by HTTPS with a root of its own, or by HTTP."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import re
import ssl
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOCALHOST = "127.0.0.1"
ALIAS = re.compile(r"^/m[0-9]+/")


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A root, and a certificate for this machine under it: files with the root, the chain and the key."""
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = now - datetime.timedelta(days=400), now + datetime.timedelta(days=400)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a root for tests of a second implementation")])
    builder = x509.CertificateBuilder().issuer_name(root_name).not_valid_before(begin).not_valid_after(end)
    root = (
        builder.subject_name(root_name).public_key(root_key.public_key()).serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOCALHOST)])
    leaf = (
        builder.subject_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOCALHOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    places = folder / "root.pem", folder / "server.pem", folder / "server.key"
    places[0].write_bytes(root.public_bytes(pem))
    places[1].write_bytes(leaf.public_bytes(pem))
    places[2].write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return places


class Quiet(http.server.ThreadingHTTPServer):
    """Says nothing of readers that go away in the middle."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Server:
    """Serves a folder from its own threads until the process ends. Counts what was asked for."""

    def __init__(self, folder: Path, tls: tuple[Path, Path] | None):
        asked: dict[str, int] = {}
        posted: list[bytes] = []
        lock = threading.Lock()

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def __init__(self, *arguments, **named):
                super().__init__(*arguments, directory=str(folder), **named)

            def do_GET(self):
                # a node names a mirror once: `/m7/federation/…` is the same files by another name
                self.path = ALIAS.sub("/", self.path)
                with lock:
                    asked[self.path] = asked.get(self.path, 0) + 1
                super().do_GET()

            def do_POST(self):
                length = min(int(self.headers.get("content-length", 0)), 1 << 20)
                with lock:
                    posted.append(self.rfile.read(length))
                self.send_response(204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.asked, self.posted = asked, posted
        self.server = Quiet((LOCALHOST, 0), Handler)
        scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, tls))
            # the handshake in the connection's own thread: nobody who is silent holds up the next
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        self.url = f"{scheme}://{LOCALHOST}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
