#!/usr/bin/python3
"""What firefox.sh runs: one Firefox with a profile, and visits in it.

usage: firefox-visits.py PROFILE LOG [add=LIBRARY | visit=URL | visit=URL,LABEL]...
A visit without a LABEL leaves the choice of the certificate to Firefox; with one it is picked in the
dialog. Prompts for the PIN get P11_PIN. Exit 0 when each visit showed the server's page."""
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from marionette import ADD_MODULE, Firefox, Refused  # noqa: E402


def run(firefox, orders):
    firefox.answer(os.environ["P11_PIN"])
    for order in orders:
        word, _, rest = order.partition("=")
        if word == "add":
            print("module:", firefox.script(ADD_MODULE, "p11test", rest, wait=True))
            continue
        url, _, label = rest.partition(",")
        before = len(firefox.asked())
        try:
            firefox.go(url, label)
            said = firefox.arrived(60)
        finally:
            print("%s: offered %s, asked %s" % (os.path.basename(url), firefox.offered, firefox.asked()[before:]))
        print("%s: %s" % (os.path.basename(url), said))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))     # so that the browser ends too
    wrap = os.environ.get("FIREFOX_WRAP", "").split()
    with open(sys.argv[2], "w") as log:
        firefox = Firefox(sys.argv[1], log, not os.environ.get("KEEP"), wrap)
    try:
        print("tokens:", firefox.tokens())
        run(firefox, sys.argv[3:])
    except Refused as e:
        print("refused:", e)
        return 1
    finally:
        firefox.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
