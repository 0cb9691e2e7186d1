#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server that misbehaves on order.

    server.py FOLDER [--port-file FILE] [--tls CERT KEY] [--ipv6]

    /plain/NAME                        the file, as a good server gives it
    /o/GROUP.ID;ORDER;ORDER.../NAME    the first request gets the first order, and so on; when they are
                                       used up, or without any, all is well.  'ORDER*' holds for ever.
    /stats/GROUP                       JSON: bytes sent, requests, breaks, versions

Orders, with their argument behind ':'
    ok                 nothing
    cut:N  reset:N     N bytes of the body, then the connection ends (FIN or RST)
    shift:N            Content-Range and bytes from N further on
    total:N            Content-Range tells N bytes more
    ignore             the range is ignored: 200 and everything
    part:N             a correct answer with at most N bytes of those asked for
    503[:S]  429[:S]   that status, with Retry-After; any other number is a status too
    date:S             503 with Retry-After as a date in S seconds
    change             from now on the group's file is another one, of the same length
    grow               from now on it is longer
    long:N  less:N     Content-Length is N more, or less, than what comes
    slow               one byte a second
    hang               no answer at all
    loop               redirects to itself
    to:URL             redirects there (in the address: to:http%3a%2f%2f...)
    huge               says that the file has 1 EiB
    gzip               packs the body
    chunked            without a length, in chunks;  chunkcut:N  the same, broken off after N bytes
    nolength           without a length, until the connection ends
    garbage            what comes is not HTTP
    empty              closes at once
    bare               neither ETag nor Last-Modified
"""
import argparse
import collections
import email.utils
import gzip
import http.server
import json
import os
import pathlib
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

SLICE = 1 << 16


class Group:
    """What the requests of one group share."""

    def __init__(self):
        self.lock = threading.Lock()
        self.version = self.longer = 0
        self.used = collections.Counter()
        self.sent = self.requests = self.breaks = 0
        self.sent_of_version = collections.Counter()


class Store:
    """The files, in all their versions."""

    def __init__(self, folder):
        self.folder, self.cache, self.lock = pathlib.Path(folder), {}, threading.Lock()
        self.groups = collections.defaultdict(Group)

    def bytes_of(self, name, version=0, longer=0):
        with self.lock:
            key = name, version, longer
            if key not in self.cache:
                data = (self.folder / name).read_bytes()
                if version:
                    data = data.translate(bytes((i + version) % 256 for i in range(256)))
                if len(self.cache) > 12:
                    self.cache.clear()
                self.cache[key] = data + b"more" * longer
            return self.cache[key]

    def group(self, name):
        with self.lock:
            return self.groups[name]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        # What lies in buffers counts as sent: keep it little.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        super().setup()

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            pass

    # The answers.

    def end(self, reset=False):
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            try:
                self.connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def body(self, data, slow=False):
        view = memoryview(data)
        while len(view) and not self.server.stopping:
            n = self.connection.send(view[:1 if slow else SLICE])
            view = view[n:]
            with self.group.lock:
                self.group.sent += n
                self.group.sent_of_version[self.version] += n
            if slow:
                time.sleep(1)

    def status(self, code, headers=(), text=b"no\n"):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        path = re.sub(r"^https?://[^/]*", "", self.path)  # as a proxy is asked
        parts = [urllib.parse.unquote(p) for p in path.split("?")[0].strip("/").split("/")]
        if parts[0] == "stats":
            return self.stats(parts[1])
        orders = parts[1].split(";") if parts[0] == "o" else [parts[0]]
        self.group = group = self.server.store.group(orders[0].split(".")[0])
        with group.lock:
            group.requests += 1
            at = group.used[orders[0]]
            group.used[orders[0]] += 1
            order = orders[1 + at] if 1 + at < len(orders) else \
                orders[-1] if orders[-1].endswith("*") else "ok"
        try:
            self.obey(order.rstrip("*"), parts[-1])
        except OSError:
            self.close_connection = True

    def stats(self, name):
        g = self.server.store.group(name)
        text = json.dumps({"sent": g.sent, "requests": g.requests, "breaks": g.breaks,
                           "version": g.version}).encode()
        self.status(200, text=text)

    def obey(self, order, name):
        verb, _, argument = order.partition(":")
        group = self.group
        if verb in ("change", "grow"):
            with group.lock:
                group.version += verb == "change"
                group.longer += verb == "grow"
                group.breaks += 1
            verb = "ok"
        elif verb not in ("ok", "bare", "chunked", "part", "nolength"):
            with group.lock:
                group.breaks += 1
        self.version = group.version, group.longer
        if re.fullmatch(r"\d{3}", verb):
            return self.status(int(verb), [("Retry-After", argument)] if argument else [])
        if verb == "date":
            date = email.utils.formatdate(time.time() + int(argument), usegmt=True)
            return self.status(503, [("Retry-After", date)])
        if verb == "empty":
            return self.end()
        if verb == "hang":
            while not self.server.stopping and not self.rfile.peek(1):
                time.sleep(0.1)
            return self.end()
        if verb == "garbage":
            self.wfile.write(b"\x00\x01 this is no HTTP\r\n" * 3)
            return self.end()
        if verb in ("loop", "to"):
            return self.status(302, [("Location", argument or self.path)])
        try:
            data = self.server.store.bytes_of(name, *self.version)
        except OSError:
            return self.status(404)
        return self.answer(verb, argument, data)

    def answer(self, verb, argument, data):
        number = int(argument) if argument.isdigit() else 0
        size = len(data)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = 0, size - 1
        if wanted and verb not in ("ignore", "gzip", "chunked", "chunkcut", "nolength"):
            first = int(wanted[1])
            last = min(int(wanted[2] or size - 1), size - 1)
            if verb == "shift":
                first, last = min(first + number, size - 1), min(last + number, size - 1)
            if verb == "part":
                last = min(last, first + number - 1)
            if first >= size:
                return self.status(416, [("Content-Range", f"bytes */{size}")])
            self.send_response(206)
            total = 1 << 60 if verb == "huge" else size + (number if verb == "total" else 0)
            self.send_header("Content-Range", f"bytes {first}-{last}/{total}")
        else:
            self.send_response(200)
        piece = memoryview(data)[first:last + 1]
        if verb == "gzip":
            piece = gzip.compress(bytes(piece), 1)
            self.send_header("Content-Encoding", "gzip")
        if verb != "bare":
            version, longer = self.version
            self.send_header("ETag", f'"{version}-{longer}-{size}"')
            when = 1600000000 + 60 * version + 7 * longer
            self.send_header("Last-Modified", email.utils.formatdate(when, usegmt=True))
        if verb in ("chunked", "chunkcut"):
            return self.chunks(piece, number if verb == "chunkcut" else None)
        if verb != "nolength":
            length = len(piece) + {"long": number, "less": -number}.get(verb, 0)
            self.send_header("Content-Length", str(max(0, length)))
        self.end_headers()
        if verb in ("cut", "reset"):
            self.body(piece[:number])
            return self.end(reset=verb == "reset")
        if verb == "slow":
            self.body(piece, slow=True)
            return self.end()
        self.body(piece)
        if verb in ("long", "less", "nolength"):
            self.end()

    def chunks(self, piece, stop):
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        at = 0
        while at < len(piece) and (stop is None or at < stop):
            part = piece[at:at + 60000]
            self.wfile.write(b"%x\r\n" % len(part))
            self.body(part)
            self.wfile.write(b"\r\n")
            at += len(part)
        if stop is not None:
            return self.end()
        self.wfile.write(b"0\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    stopping = False

    def __init__(self, folder, tls=None, ipv6=False):
        self.address_family = socket.AF_INET6 if ipv6 else socket.AF_INET
        self.store = Store(folder)
        super().__init__(("::1" if ipv6 else "127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)

    def handle_error(self, request, client_address):
        pass

    def start(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self.server_address[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port-file")
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--ipv6", action="store_true")
    options = parser.parse_args()
    server = Server(options.folder, options.tls, options.ipv6)
    port = server.server_address[1]
    if options.port_file:
        with open(options.port_file + ".new", "w") as f:
            f.write(f"{port}\n")
        os.rename(options.port_file + ".new", options.port_file)
    else:
        print(port, flush=True)
    server.serve_forever(0.05)


if __name__ == "__main__":
    main()
