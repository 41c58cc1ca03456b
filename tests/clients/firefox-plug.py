#!/usr/bin/python3
"""What firefox-plug.sh runs: a Firefox that begins without the token.

usage: firefox-plug.py PROFILE LOG URL LABEL
Plugged in: it is there, one PIN. Pulled while it signs: an error at once, and Firefox answers meanwhile.
Plugged in again: one PIN, and the page is there."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from marionette import Firefox, Refused  # noqa: E402
from plug import Puller, order, until, watch  # noqa: E402

ERROR_SECONDS, FROZEN_SECONDS = 5, 2


class Story:
    def __init__(self, firefox, url, label):
        self.firefox, self.url, self.label = firefox, url, label

    def there(self):
        return os.environ["P11_TOKEN"] in self.firefox.tokens()

    def plug(self):
        order("plug")
        print("plugged in: seen after %.1f s" % until("Firefox sees the token", 60, self.there))

    def visit(self, page, prompts):
        before = len(self.firefox.asked())
        self.firefox.go(self.url + page, self.label)
        try:
            print("%s: %s" % (page, self.firefox.arrived(60)))
        finally:
            asked = self.firefox.asked()[before:]
            print("%s: offered %s, asked %s" % (page, self.firefox.offered, asked))
        if len(asked) != prompts:
            raise Refused("%s: asked %s, not %d times" % (page, asked, prompts))

    def pull(self):
        puller = Puller()
        self.firefox.slowest = 0
        self.firefox.go(self.url + "pulled", self.label)
        try:
            said = "the page came: " + self.firefox.arrived(90)
            failed = None
        except Refused as e:
            said, failed = str(e), time.monotonic()
        print("while it was to be pulled:", said, flush=True)
        took, slowest = (failed or 0) - puller.end(), self.firefox.slowest
        print("pulled: an error after %.1f s; the slowest answer meanwhile took %.2f s" % (took, slowest))
        if not failed or took > ERROR_SECONDS or slowest > FROZEN_SECONDS:
            raise Refused("that is no error at once")

    def run(self):
        if self.there():
            raise Refused("it sees a token that is not plugged in")
        self.plug()
        watch()
        self.visit("first", 1)
        self.visit("second", 0)
        self.pull()
        until("Firefox sees that it is gone", 60, lambda: not self.there())
        self.plug()
        self.visit("again", 1)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with open(sys.argv[2], "w") as log:
        firefox = Firefox(sys.argv[1], log)
    try:
        firefox.answer(os.environ["P11_PIN"])
        Story(firefox, *sys.argv[3:5]).run()
    except (Refused, RuntimeError) as e:
        print("refused:", e)
        return 1
    finally:
        firefox.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
