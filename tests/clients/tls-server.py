#!/usr/bin/python3
"""A loopback HTTPS server that wants a client's certificate, and says in a file what it saw:
"HANDSHAKE tls=TLSv1.3 cipher=... subject=CN sha256=HEX request=..." or "REFUSED why", a line each.
It ends with whoever started it, and by itself after five minutes."""
import argparse
import hashlib
import os
import socket
import ssl
import threading
import time

LIFE_SECONDS = 300


def options():
    parser = argparse.ArgumentParser()
    for name in ("--ca", "--cert", "--key", "--portfile", "--log"):
        parser.add_argument(name, required=True)
    parser.add_argument("--tls12", action="store_true")
    return parser.parse_args()


def context(o):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(o.cert, o.key)
    made.load_verify_locations(o.ca)
    made.verify_mode = ssl.CERT_REQUIRED
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if o.tls12:
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.num_tickets = 0
    return made


def common_name(certificate):
    pairs = [pair for rdn in certificate.get("subject", ()) for pair in rdn]
    return next((value for key, value in pairs if key == "commonName"), "?")


def request_of(connection):
    """The first read also makes sure that a TLS 1.3 client's certificate was verified."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < 65536:
        part = connection.recv(4096)
        if not part:
            break
        data += part
    return data.split(b"\r\n")[0][:80].decode("latin-1")


def serve(raw, made, say):
    try:
        raw.settimeout(30)
        with made.wrap_socket(raw, server_side=True) as connection:
            name = common_name(connection.getpeercert())
            digest = hashlib.sha256(connection.getpeercert(True)).hexdigest()
            request = request_of(connection)
            say("HANDSHAKE tls=%s cipher=%s subject=%s sha256=%s request=%s" % (
                connection.version(), connection.cipher()[0], name, digest, request))
            body = ("<!doctype html><title>client %s</title>hello %s\n" % (name, name)).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
                               b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
    except (OSError, ssl.SSLError) as e:
        say("REFUSED %s: %s" % (type(e).__name__, e))
    finally:
        raw.close()


def main():
    o = options()
    made = context(o)
    lock = threading.Lock()
    log = open(o.log, "a", buffering=1)

    def say(line):
        with lock:
            log.write(line + "\n")

    listening = socket.create_server(("127.0.0.1", 0), backlog=32)
    listening.settimeout(1)
    with open(o.portfile + ".new", "w") as f:
        f.write(str(listening.getsockname()[1]))
    os.rename(o.portfile + ".new", o.portfile)
    until = time.monotonic() + LIFE_SECONDS
    while time.monotonic() < until:
        try:
            raw, _ = listening.accept()
        except socket.timeout:
            continue
        threading.Thread(target=serve, args=(raw, made, say), daemon=True).start()


if __name__ == "__main__":
    main()
