#!/usr/bin/python3
"""What libreoffice.sh runs.

usage: libreoffice-client.py CN NAME...      pairs: certificate, and how the documents are called
Makes WORK/NAME.odt signed with the certificate of that common name, and WORK/NAME.pdf, exported signed."""
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from office import Handler, Office  # noqa: E402


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    office = Office()
    try:
        words = sys.argv[1:]
        print("certificates:", [c.SubjectName for c in office.certificates()], "asked", Handler.asked())
        while words:
            common_name, name, words = words[0], words[1], words[2:]
            certificate = office.certificate(common_name)
            office.write(name, certificate)
            print("%s.pdf: asked %d" % (name, Handler.asked()), flush=True)
            if not office.sign(name, certificate):
                print("%s.odt: not signed" % name)
                return 1
            print("%s.odt: asked %d" % (name, Handler.asked()), flush=True)
    finally:
        office.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
