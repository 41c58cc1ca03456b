"""What a hand does with the virtual token while a program uses it: pulls it out, puts it in again."""
import os
import subprocess
import threading
import time

# in the token's trace: a VERIFY that carried a PIN, behind which comes the private key's work; and the card
# being closed again
VERIFY, CLOSE = "> 0020008008", "> 0020FF80"
SIGNING_SECONDS = 60


def order(*words):
    """One order to the virtual token; its answer."""
    return subprocess.run(["bsre-vtoken", "ctl", os.environ["BSRE_VTOKEN_CONTROL"], *words], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def watch():
    """From here on what the token does is written down."""
    order("trace", trace_file())


def trace_file():
    return os.path.join(os.environ["WORK"], "apdus")


def trace():
    with open(trace_file()) as f:
        return f.read()


class Puller(threading.Thread):
    """Pulls the token while it signs: slow as timing D is (0.6 s for a signature, 0.12 s for anything else),
    the command after the PIN is on its way when the token is busy again. when: the moment, or None."""

    def __init__(self):
        super().__init__(daemon=True)
        self.when = None
        until("the card is closed", 60, lambda: CLOSE in trace().splitlines()[-1])
        self.before = len(trace())
        order("timing", "D")
        self.start()

    def run(self):
        end = time.monotonic() + SIGNING_SECONDS
        while VERIFY not in trace()[self.before:] or " busy " not in order("status"):
            if time.monotonic() > end:
                return
            time.sleep(0.01)
        order("unplug")
        self.when = time.monotonic()

    def end(self):
        """The token is as quick as before, and still out. Gives the moment of the pull."""
        self.join(SIGNING_SECONDS)
        order("timing", "none")
        if self.when is None:
            raise RuntimeError("the token did not sign, and was not pulled")
        return self.when


def until(what, seconds, condition):
    """Waits for it; how long that took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() > began + seconds:
            raise RuntimeError("%d s and still not: %s" % (seconds, what))
        time.sleep(0.05)
    return time.monotonic() - began
