#!/usr/bin/python3
"""What libreoffice-plug.sh runs: a LibreOffice that begins without the token.

usage: libreoffice-plug.py CN
Plugged in: it is there, one PIN. Pulled while it signs a text, and a PDF: an error at once, and LibreOffice answers
meanwhile. Plugged in again: one PIN, and the next one is signed."""
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from office import Handler, Office, value  # noqa: E402
from plug import Puller, order, until, watch  # noqa: E402

ERROR_SECONDS, FROZEN_SECONDS = 5, 2


class Pulse(threading.Thread):
    """Asks an open document for its text, again and again, which wants what the office's main thread holds."""

    def __init__(self, office):
        super().__init__(daemon=True)
        self.document = office.desktop.loadComponentFromURL("private:factory/swriter", "_blank", 0,
                                                            (value("Hidden", True),))
        self.slowest, self.stop = 0.0, False
        self.start()

    def run(self):
        while not self.stop:
            began = time.monotonic()
            self.document.Text.getString()
            self.slowest = max(self.slowest, time.monotonic() - began)
            time.sleep(0.02)

    def end(self):
        self.stop = True
        self.join(60)
        return self.slowest if not self.is_alive() else float("inf")


class Story:
    def __init__(self, office, common_name):
        self.office, self.name = office, common_name

    def there(self):
        return any(self.name in c.SubjectName for c in self.office.certificates())

    def plug(self):
        order("plug")
        print("plugged in: seen after %.1f s" % until("LibreOffice sees the certificate", 60, self.there), flush=True)

    def sign(self, name):
        certificate = self.office.certificate(self.name)
        self.office.write(name, certificate)
        if not self.office.sign(name, certificate):
            raise RuntimeError("%s: not signed" % name)
        asked = Handler.asked()
        print("%s: signed, asked %d" % (name, asked), flush=True)
        if asked != 1:
            raise RuntimeError("%s: asked %d times" % (name, asked))

    def pull(self, name, make):
        """make(certificate) signs NAME meanwhile; it says whether there is a signature afterwards."""
        certificate = self.office.certificate(self.name)
        pulse, puller = Pulse(self.office), Puller()
        try:
            done = make(certificate)
            said = "no error was told"
        except Exception as e:      # whichever it makes of it
            done, said = False, type(e).__name__
        ended = time.monotonic()
        slowest, took = pulse.end(), ended - puller.end()
        print("%s: %s; ended after %.1f s; the slowest answer meanwhile took %.2f s" % (name, said, took, slowest), flush=True)
        if done or took > ERROR_SECONDS or slowest > FROZEN_SECONDS:
            raise RuntimeError("that is no error at once")
        until("LibreOffice sees that it is gone", 60, lambda: not self.there())
        Handler.asked()
        self.plug()

    def text(self, certificate):
        """LibreOffice 7.4 writes an empty signature where there was an error, and calls it invalid when it reads it."""
        self.office.write_text("pulled")
        return self.office.sign("pulled", certificate) and self.office.valid("pulled")

    def pdf(self, certificate):
        self.office.write("pulled", certificate)
        return True

    def run(self):
        if self.there():
            raise RuntimeError("it sees a certificate of a token that is not plugged in")
        self.plug()
        watch()
        self.sign("first")
        if not self.office.valid("first"):
            raise RuntimeError("LibreOffice does not call its own signature valid")
        self.pull("text", self.text)
        self.sign("again")
        self.pull("pdf", self.pdf)
        self.sign("last")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    office = Office()
    try:
        Story(office, sys.argv[1]).run()
    except RuntimeError as e:
        print("refused:", e)
        return 1
    finally:
        office.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
