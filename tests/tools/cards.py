#!/usr/bin/python3
"""cards.py COUNT SECONDS: waits, by pcscd's own events, until cards are in COUNT readers."""
import ctypes as c
import sys
import time

STATE_PRESENT = 0x20


class ReaderState(c.Structure):
    _fields_ = [("reader", c.c_char_p), ("user", c.c_void_p), ("current", c.c_ulong),
                ("event", c.c_ulong), ("atr_len", c.c_ulong), ("atr", c.c_ubyte * 33)]


def readers(lib, context):
    size = c.c_ulong(0)
    if lib.SCardListReaders(context, None, None, c.byref(size)):
        return []
    names = c.create_string_buffer(size.value)
    if lib.SCardListReaders(context, None, names, c.byref(size)):
        return []
    return [name for name in names.raw.split(b"\0") if name]


def main(count, seconds):
    lib = c.CDLL("libpcsclite.so.1")
    context = c.c_long()
    if lib.SCardEstablishContext(2, None, None, c.byref(context)):
        sys.exit("no pcscd")
    until = time.monotonic() + seconds
    # the pseudo reader tells when readers come and go
    names = [br"\\?PnP?\Notification"] + readers(lib, context)
    states = (ReaderState * len(names))(*[ReaderState(reader=name) for name in names])
    while sum(1 for s in states if s.event & STATE_PRESENT) < count:
        left = until - time.monotonic()
        if left <= 0:
            sys.exit("cards in %r" % [s.reader for s in states if s.event & STATE_PRESENT])
        lib.SCardGetStatusChange(context, c.c_ulong(int(left * 1000)), states, c.c_ulong(len(names)))
        if len(readers(lib, context)) != len(names) - 1:
            return main(count, left)
        for s in states:
            s.current = s.event
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2])))
