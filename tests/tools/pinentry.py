#!/usr/bin/python3
"""A pinentry that does what a script says: one line of pinentry.todo a dialog, and all that it was told in pinentry.log.

In the folder PINENTRY_DIR: `pin 123456` types it, `cancel`, `timeout`, `hang` (until it is killed), `word TEXT` answers
the question before the last try and goes on with the next line in the same dialog, `die`, `garbage`. No line: cancel.
`always LINE` stays for every dialog. `mute` hangs before its greeting, `half` in the midst of the PIN's line, `chatter`
says empty things for ever; `deaf` hangs and ignores the signals that ask it to end. `freeze 123456` types it, and stops
the process that asked as soon as that has the answer and is done with the dialog (its pid behind FROZEN in the log).
"""
import os
import signal
import sys
import time

DIR = os.environ["PINENTRY_DIR"]


def told(line):
    with open(os.path.join(DIR, "pinentry.log"), "a") as log:
        log.write(line + "\n")


def todo():
    """The next line of the script, taken off it."""
    path = os.path.join(DIR, "pinentry.todo")
    try:
        with open(path) as f:
            lines = f.read().splitlines()
    except FileNotFoundError:
        return "cancel"
    if lines and lines[0].startswith("always "):
        return lines[0][len("always "):]
    with open(path + ".new", "w") as f:
        f.write("".join(line + "\n" for line in lines[1:]))
    os.rename(path + ".new", path)
    return lines[0] if lines else "cancel"


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def hang():
    told("PID %d" % os.getpid())
    time.sleep(600)


def greet():
    """Unless the script wants none."""
    try:
        with open(os.path.join(DIR, "pinentry.todo")) as f:
            mute = f.readline().split() == ["mute"]
    except FileNotFoundError:
        mute = False
    if mute:
        told("DOES mute")
        hang()
    say("OK Pleased to meet you")


def freeze():
    """Who asked stands still, in the midst of ending this dialog."""
    os.kill(os.getppid(), signal.SIGSTOP)
    told("FROZEN %d" % os.getppid())


def get():
    word, _, rest = todo().partition(" ")
    told("DOES " + word)
    if word == "freeze":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stdout.write("S NOTE\n")    # comes in one piece with what follows
    if word in ("pin", "word", "freeze"):
        sys.stdout.write("D " + rest.replace("%", "%25") + "\n")
        say("OK")
        if word == "freeze":
            sys.stdin.readline()        # it says goodbye, or just goes
            freeze()
    elif word == "hang":
        hang()
    elif word == "half":
        sys.stdout.write("D 12")
        sys.stdout.flush()
        hang()
    elif word == "deaf":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        hang()
    elif word == "chatter":
        told("PID %d" % os.getpid())
        while True:
            say("# still here")
    elif word == "die":
        os._exit(1)
    elif word == "garbage":
        say("D " + "9" * 900)
        say("nonsense \x00\xff")
        say("OK")
    else:
        say({"timeout": "ERR 83886142 Timeout <Pinentry>"}.get(word, "ERR 83886179 Operation cancelled <Pinentry>"))


def main():
    sys.stdout.reconfigure(errors="surrogateescape")
    told("DISPLAY " + os.environ.get("DISPLAY", ""))
    told("LANGUAGE " + os.environ.get("LANGUAGE", ""))
    greet()
    for line in sys.stdin:
        line = line.rstrip("\n")
        told(line)
        if line == "GETPIN":
            get()
        elif line == "BYE":
            say("OK closing connection")
            return
        else:
            say("OK")


main()
