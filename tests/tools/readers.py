"""Two ways to a virtual token's card for tests: through pcscd (libpcsclite) and over its own socket.

Both have transmit(bytes) -> bytes, present(), wait(present, seconds), connect() and close(); what goes
wrong is a Gone with a reason."""
import ctypes as c
import select
import socket
import struct
import time

PRESENT, EMPTY = 0x20, 0x10


class Gone(Exception):
    """The card or the reader failed; the text says how it was told."""


class ReaderState(c.Structure):
    _fields_ = [("reader", c.c_char_p), ("user", c.c_void_p), ("current", c.c_ulong),
                ("event", c.c_ulong), ("atr_len", c.c_ulong), ("atr", c.c_ubyte * 33)]


class IoRequest(c.Structure):
    _fields_ = [("protocol", c.c_ulong), ("length", c.c_ulong)]


class Pcsc:
    """A card in pcscd's first reader."""

    def __init__(self):
        self.lib = c.CDLL("libpcsclite.so.1")
        self.lib.pcsc_stringify_error.restype = c.c_char_p
        self.context, self.card, self.protocol = c.c_long(), c.c_long(), c.c_ulong()
        self._check(self.lib.SCardEstablishContext(2, None, None, c.byref(self.context)))
        size = c.c_ulong(0)
        self._check(self.lib.SCardListReaders(self.context, None, None, c.byref(size)))
        names = c.create_string_buffer(size.value)
        self._check(self.lib.SCardListReaders(self.context, None, names, c.byref(size)))
        self.reader = names.raw.split(b"\0")[0]
        self.state = ReaderState(reader=self.reader)

    def _check(self, rv):
        if rv:
            raise Gone(self.lib.pcsc_stringify_error(c.c_long(rv & 0xFFFFFFFF)).decode())

    def connect(self):
        self.close()
        self._check(self.lib.SCardConnect(self.context, self.reader, 2, 3, c.byref(self.card), c.byref(self.protocol)))

    def close(self):
        if self.card.value:
            self.lib.SCardDisconnect(self.card, 1)      # reset, so that no test leaves its login
            self.card = c.c_long()

    def transmit(self, command):
        reply, n = c.create_string_buffer(65538), c.c_ulong(65538)
        request = IoRequest(self.protocol.value, c.sizeof(IoRequest))
        self._check(self.lib.SCardTransmit(self.card, c.byref(request), command, c.c_ulong(len(command)), None,
                                           reply, c.byref(n)))
        return reply.raw[:n.value]

    def wait(self, present, seconds):
        until = time.monotonic() + seconds
        while True:
            self.lib.SCardGetStatusChange(self.context, c.c_ulong(100), c.byref(self.state), c.c_ulong(1))
            self.state.current = self.state.event
            if bool(self.state.event & PRESENT) == present:
                return True
            if time.monotonic() > until:
                return False


class Direct:
    """The same card over bsre-vtoken's own socket."""
    ON, ATR, WATCH = b"\1", b"\4", b"\5"

    def __init__(self, path):
        self.path, self.link, self.known = path, None, None
        self.watch = self._open()
        self._send(self.watch, self.WATCH)

    def _open(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(self.path)
        return s

    @staticmethod
    def _send(link, body):
        try:
            link.sendall(struct.pack(">H", len(body)) + body)
        except OSError as e:
            raise Gone(str(e)) from e

    @staticmethod
    def _take(link, n):
        out = b""
        while len(out) < n:
            try:
                got = link.recv(n - len(out))
            except OSError as e:
                raise Gone(str(e)) from e
            if not got:
                raise Gone("closed")
            out += got
        return out

    def _frame(self, link):
        return self._take(link, struct.unpack(">H", self._take(link, 2))[0])

    def connect(self):
        self.close()
        self.link = self._open()
        self._send(self.link, self.ATR)
        if not self._frame(self.link):
            raise Gone("no card")
        self._send(self.link, self.ON)

    def close(self):
        if self.link:
            self.link.close()
            self.link = None

    def transmit(self, command):
        self._send(self.link, command)
        reply = self._frame(self.link)
        if not reply:
            raise Gone("no card")
        return reply

    def wait(self, present, seconds):
        """The next event that says so; events are kept, so none is missed."""
        until = time.monotonic() + seconds
        while self.known != present:
            if not select.select([self.watch], [], [], max(0, until - time.monotonic()))[0]:
                return False
            self.known = self._frame(self.watch) == b"\1"
        return True


class Orders:
    """The control socket."""

    def __init__(self, path):
        self.link = socket.socket(socket.AF_UNIX)
        self.link.connect(path)
        self.lines = self.link.makefile("r")

    def __call__(self, order):
        self.link.sendall((order + "\n").encode())
        answer = self.lines.readline().rstrip("\n")
        if not answer.startswith("ok"):
            raise AssertionError("%s: %s" % (order, answer))
        return answer[3:]
