"""Counts its visitors in the database."""
import os
import signal
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pymysql

# Verifies the database's certificate and address.
tls = ssl.create_default_context(cafile="/etc/counter/database-ca.crt")


def count():
    """Adds one to the visitors, and returns how many there are."""
    connection = pymysql.connect(
        host=os.environ["DATABASE_HOST"], user=os.environ["DATABASE_USER"], database=os.environ["DATABASE_NAME"],
        password=Path("/etc/counter/password").read_text(), ssl=tls, connect_timeout=5, read_timeout=30, autocommit=True)
    with connection, connection.cursor() as cursor:
        # PyMySQL goes on without TLS if a server says that it has none.
        if not connection._secure:
            raise pymysql.OperationalError("its connection isn't encrypted")
        cursor.execute("CREATE TABLE IF NOT EXISTS visits (id INT PRIMARY KEY, number INT NOT NULL)")
        cursor.execute("INSERT INTO visits VALUES (1, LAST_INSERT_ID(1))"
                       " ON DUPLICATE KEY UPDATE number = LAST_INSERT_ID(number + 1)")
        cursor.execute("SELECT LAST_INSERT_ID()")
        return cursor.fetchone()[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, "ok")
        try:
            self.answer(200, f"You are visitor {count()}.")
        except pymysql.MySQLError as error:
            print(f"The database doesn't answer: {error}", file=sys.stderr)
            self.answer(503, "Please come back in a minute.")

    def answer(self, status, text):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The gateway has a log of requests."""


server = ThreadingHTTPServer(("", 8080), Handler)
# On shutdown, finish the requests in progress and accept no new ones.
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
