"""Becomes a desk's pcscd once more, after a test killed the first: python3 pcscd-again.py FOLDER"""
import fcntl
import os
import socket
import sys

import desk


def main():
    folder = sys.argv[1]
    path = os.path.join(folder, "pcscd.comm")
    os.unlink(path)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(64)
    fds = [listening.fileno(), os.open(os.path.join(folder, "pcscd.conf"), os.O_RDONLY)]
    number = 2
    while os.path.exists(os.path.join(folder, "vpcd%d.so" % number)):
        fds.append(os.open(os.path.join(folder, "vpcd%d.so" % number), os.O_RDONLY))
        number += 1
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds]     # out of the way of 3, 4, ... first
    for i, fd in enumerate(moved):
        os.dup2(fd, 3 + i)
        os.close(fd)
    with open(os.path.join(folder, "pcscd.pid"), "w") as f:
        f.write("%d\n" % os.getpid())
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(desk.NOBODY, desk.NOBODY, desk.NOBODY)
        os.setresuid(desk.NOBODY, desk.NOBODY, desk.NOBODY)
    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    os.execv("/usr/sbin/pcscd", ["pcscd", "--foreground", "--config", "/proc/self/fd/4"])


if __name__ == "__main__":
    main()
