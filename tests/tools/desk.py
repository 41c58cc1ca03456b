"""A private place with tokens in it: pcscd, what plays the tokens, bsre-tokend, and their end.

Everything is a child of this process, is told to die with it, and is ended by its pid."""
import ctypes
import fcntl
import glob
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
TOKENS_MOST = 8
START_SECONDS = 20      # for anything here to come up, sanitizers and a busy machine included
NOBODY = 65534
FIRST_SERIAL = 20260000
PIN, PUK = "624813", "90318427"
VPCD = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


class Failure(Exception):
    """The desk could not be made; says why."""


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans():
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children():
    with open("/proc/self/task/%d/children" % os.getpid()) as f:
        return [int(word) for word in f.read().split()]


def end_orphans():
    """What the command left running in the background came to us; it ends here."""
    asked = time.monotonic()
    while left := children():
        # a killed one's children come to us in turn, so the list is read anew each time
        late = time.monotonic() - asked
        for pid in left:
            os.kill(pid, signal.SIGKILL if late > 3 else signal.SIGTERM)
        until = time.monotonic() + 0.2
        while children() == left and time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)
        if late > 10:
            break


def sanitizers_say(folder):
    """Reports of ASan or UBSan are a failure, whatever the command thought of it."""
    reports = glob.glob(os.path.join(folder, "sanitizer.*"))
    bad = False
    for name in reports:
        with open(name, errors="replace") as f:
            lines = f.read().splitlines()
        sys.stderr.write("\n".join(lines) + "\n")
        # a thread that ended while LeakSanitizer looked at it is no fault of ours
        bad = bad or any("Unable to get registers from thread" not in line for line in lines)
    return 99 if bad else 0


class Programs:
    """Where the programs of a build are."""

    def __init__(self, build):
        self.build = os.path.realpath(build)
        self.tokend, self.vtoken, self.utility, self.module = map(self._find, (
            "bsre-tokend", "bsre-vtoken", "bsre-token", ".libs/libbsre-pkcs11.so"))
        self.asan = self._asan()

    def _find(self, name):
        for room in (".", "src/tokend", "src/vtoken", "src/cli", "pkcs11"):
            path = os.path.join(self.build, room, name)
            if os.path.exists(path):
                return os.path.normpath(path)
        raise Failure("no %s in %s; scripts/build makes it" % (name, self.build))

    def all(self):
        return self.tokend, self.vtoken, self.utility, self.module

    def _asan(self):
        """The sanitizer's library where this build has it: programs of others must load it first."""
        out = subprocess.run(["ldd", self.module], stdout=subprocess.PIPE, text=True, check=False).stdout
        return next((line.split()[2] for line in out.splitlines() if "libasan.so" in line), None)


class Ports:
    """Ports for vpcd that no other desk has: a locked file stands for sixteen of them. Below the
    range from which the kernel takes ports for others."""
    FIRST, BLOCK, BLOCKS = 21000, 16, 600

    def __init__(self, count):
        folder = os.path.join("/tmp", "bsre-desk-ports.%d" % os.getuid())
        os.makedirs(folder, 0o700, exist_ok=True)
        start = os.getpid() % self.BLOCKS
        for i in range(self.BLOCKS):
            block = (start + i) % self.BLOCKS
            self.base = self.FIRST + block * self.BLOCK
            self.lock = open(os.path.join(folder, str(self.base)), "w")
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self.lock.close()
                continue
            if all(self.free(self.base + n) for n in range(2 * count)):
                return
            self.lock.close()
        raise Failure("no free ports for vpcd")

    @staticmethod
    def free(port):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("0.0.0.0", port))
                return True
            except OSError:
                return False


class Desk:
    def __init__(self, folder, programs, options, kit):
        self.folder, self.programs, self.options, self.kit = folder, programs, options, kit
        self.running = []       # (name, Popen), in the order of their start
        self.kind = options["kind"]
        self.tokens = range(1, options["tokens"] + 1)
        self.readers = self.tokens if self.kind.player.in_reader else range(0)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    # --- what the command sees ---------------------------------------------------------------

    def environment(self):
        env = self.service_environment()
        env.update(DESK_DIR=self.folder, P11_MODULE=self.programs.module, P11_PIN=PIN, P11_PUK=PUK,
                   P11_TOKEN="", PATH=self.path("bin") + ":" + os.environ["PATH"])
        env.update(self.kind.environment(self))
        if self.programs.asan:          # programs of others, which may leak what they like
            env["LD_PRELOAD"] = self.programs.asan
            env["ASAN_OPTIONS"] += ":detect_leaks=0"
        return env

    def service_environment(self):
        env = dict(os.environ)
        for name in ("LD_PRELOAD", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "BSRE_TOKEN"):
            env.pop(name, None)
        env.update(PCSCLITE_CSOCK_NAME=self.path("pcscd.comm"), BSRE_TOKEND_SOCKET=self.path("tokend.sock"),
                   XDG_STATE_HOME=self.path("state"), XDG_CONFIG_HOME=self.path("config"))
        if self.programs.asan:
            reports = "log_path=%s" % self.path("sanitizer")
            env["ASAN_OPTIONS"] = reports + ":handle_abort=1"
            env["UBSAN_OPTIONS"] = reports + ":print_stacktrace=1"
        return env

    # --- up ----------------------------------------------------------------------------------

    def start(self):
        for name in ("state", "config", "bin"):
            os.mkdir(self.path(name), 0o700)
        for program in self.programs.all()[:3]:
            os.symlink(program, self.path("bin", os.path.basename(program)))
        for name, secret in (("pin", PIN), ("puk", PUK)):
            with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
                f.write(secret + "\n")
        if self.options["way"] == "pcscd":
            self.start_pcscd()
        self.start_tokens()
        if self.options["way"] == "pcscd":
            self.wait_for_cards()
        self.start_service()

    def spawn(self, name, argv, env, fds=(), pre=None):
        """A child that dies with us; its output goes to NAME.log; fds become 3, 4, ..."""
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds]

        def before():
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
            if pre:
                pre()
            die_with_parent()

        with open(self.path(name + ".log"), "a") as log:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                     preexec_fn=before, close_fds=False)
        for fd in high:
            os.close(fd)
        with open(self.path(name + ".pid"), "w") as f:
            f.write("%d\n" % child.pid)
        self.running.append((name, child))
        return child

    def failed(self, name, why):
        with open(self.path(name + ".log"), errors="replace") as f:
            tail = f.read()[-4000:]
        return Failure("%s %s\n%s" % (name, why, tail))

    def wait(self, name, child, ready, what):
        """Until ready() says so; the child's end or too long a time is a failure. Asked often: what is
        waited for (another program's socket) sends no event."""
        until = time.monotonic() + START_SECONDS
        while not ready():
            if child.poll() is not None:
                raise self.failed(name, "ended with status %d" % child.returncode)
            if time.monotonic() > until:
                raise self.failed(name, "did not %s in %d s" % (what, START_SECONDS))
            time.sleep(0.003)

    def start_pcscd(self):
        """pcscd on a socket of ours, passed as systemd would: it listens from the first moment. As
        nobody where we are root, so that it leaves the machine's own pcscd alone; its configuration
        reaches it as a descriptor, since nobody may not look into this folder."""
        if not os.path.exists(VPCD):
            raise Failure("no vsmartcard-vpcd; scripts/deps installs it")
        self.ports = Ports(len(self.readers))
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self.path("pcscd.comm"))
        listening.listen(64)
        conf, libraries = self.pcscd_readers()
        argv = ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh",
                "/usr/sbin/pcscd", "--foreground", "--config", "/proc/self/fd/4"]
        drop = None
        if os.getuid() == 0:
            os.makedirs("/run/pcscd", exist_ok=True)

            def drop():
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
        elif not os.path.isdir("/run/pcscd"):
            argv = ["unshare", "-Urm", "sh", "-c",
                    'mount -t tmpfs tmpfs /run && mkdir /run/pcscd && exec "$@"', "sh"] + argv
        self.spawn("pcscd", argv, self.service_environment(), [listening.fileno(), conf] + libraries, drop)
        listening.close()
        for fd in [conf] + libraries:
            os.close(fd)
        for number in self.readers:     # a virtual token that comes too early tries again, but later
            self.wait("pcscd", self.running[0][1], lambda n=number: listens(self.port(n)), "make the reader")

    def pcscd_readers(self):
        """Descriptors of pcscd's configuration and of the readers' drivers in it. vpcd keeps what it
        knows of its one reader in static memory: each further reader needs a copy of the library."""
        libraries = []
        with open(self.path("pcscd.conf"), "w") as f:
            for number in self.readers:
                driver = VPCD
                if number > 1:
                    shutil.copy(VPCD, self.path("vpcd%d.so" % number))
                    libraries.append(os.open(self.path("vpcd%d.so" % number), os.O_RDONLY))
                    driver = "/proc/self/fd/%d" % (4 + len(libraries))
                f.write('FRIENDLYNAME "%s%s"\nDEVICENAME /dev/null:0x%04X\nLIBPATH %s\nCHANNELID 0x%04X\n\n' % (
                    self.options["reader"], "" if number == 1 else " %d" % number, self.port(number), driver,
                    self.port(number)))
        return os.open(self.path("pcscd.conf"), os.O_RDONLY), libraries

    def port(self, number):
        return self.ports.base + 2 * (number - 1)

    def start_tokens(self):
        self.kind.player.settle(self)
        for number in self.tokens:
            self.kind.player.start(self, number)

    def wait_for_cards(self):
        name, child = self.running[0]
        with open(self.path("cards.log"), "w") as log:
            waiter = subprocess.run([sys.executable, os.path.join(TOP, "tests", "tools", "cards.py"),
                                     str(len(self.readers)), str(START_SECONDS)], stdout=log, stderr=log,
                                    env=self.service_environment(), check=False)
        if waiter.returncode:
            raise self.failed(name, "shows no card (%s)" % open(self.path("cards.log")).read().strip())

    def service_command(self):
        argv = [self.programs.tokend, "--socket", self.path("tokend.sock"), "--config", self.path("tokend.conf")]
        if self.options.get("verbose"):
            argv += ["--verbose", "--verbose"]
        if self.options["way"] == "direct":
            argv.append("--no-pcsc")
            for number in self.tokens:
                argv += self.kind.player.to_service(self, number)
        return argv

    def start_service(self):
        settings, modules = self.kind.configuration(self)
        settings += self.options.get("conf", [])
        for name, lines in (("card.conf", settings), ("modules.conf", modules),
                            ("tokend.conf", ["prompt = never"] + settings + modules)):
            with open(self.path(name), "w") as f:       # nobody sits there who could type a PIN
                f.writelines(line + "\n" for line in lines)
        with open(self.path("tokend.start"), "w") as f:
            f.write("# Starts this desk's token service again, after a test ended it.\nexec %s\n" %
                    " ".join(map(shlex.quote, self.service_command())))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.bind(self.path("notify"))
            child = self.spawn("tokend", self.service_command(),
                               dict(self.service_environment(), NOTIFY_SOCKET=self.path("notify")))
            self.wait_for_notice(notices, child)

    def wait_for_notice(self, notices, child):
        """The service tells, as it would tell systemd, when it is ready; or it ends before that."""
        end = os.pidfd_open(child.pid)
        ready = select.select([notices, end], [], [], START_SECONDS)[0]
        os.close(end)
        if notices not in ready:
            child.poll()
            raise self.failed("tokend", "ended at its start" if ready else "does not get ready")

    # --- down --------------------------------------------------------------------------------

    def stop(self):
        """In the reverse order of the start; each gets three seconds before it is killed."""
        for name, child in reversed(self.running):
            child.terminate()
            try:
                child.wait(3)
            except subprocess.TimeoutExpired:
                sys.stderr.write("with-token: %s did not end when asked; killed\n" % name)
                child.kill()
                child.wait()


def listens(port):
    """Is this TCP port listened at? Asked of the kernel: to connect would be to be the card."""
    with open("/proc/net/tcp") as f:
        return any(line.split()[1].endswith(":%04X" % port) and line.split()[3] == "0A" for line in f)


def answers(path):
    """Does somebody listen at this Unix socket?"""
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
            return True
        except OSError:
            return False
