"""The kinds of token that a desk can have: what plays them, how they are made ready for use, and how
the service comes to them. `with-token --card` names a row of KINDS, at the end."""
import glob
import hashlib
import os
import shutil

import desk
import prepare

# name, place, algorithm, id: the name is the certificate's file in the CA's folder; with -user, the label
# where a token takes one
KEYS = (("rsa", "9a", "rsa2048", "01"), ("sign", "9c", "rsa2048", "02"), ("ec", "9d", "p256", "03"))


def suffix(number):
    return "" if number == 1 else str(number)


def find(*patterns):
    """The first of these files that is there, or None."""
    return next((path for pattern in patterns for path in sorted(glob.glob(pattern))), None)


OPENSC = ("/usr/lib/*/opensc-pkcs11.so", "/usr/lib/opensc-pkcs11.so")
YKCS11 = ("/usr/lib/*/libykcs11.so.2", "/usr/lib/libykcs11.so.2")
SOFTHSM = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so")


# --- what plays a token --------------------------------------------------------------------------

class Player:
    """in_reader: behind pcscd. by_service: made ready for use by the programs under test. blank: there is
    one without label and keys."""
    name, in_reader, by_service, blank = "", True, False, True

    def make(self, programs, folder, number, ca):
        """What a token that is ready for use keeps, into this folder: other people's tools do it."""
        os.makedirs(os.path.join(folder, "state"))
        env = dict(os.environ, TEST_CA_DIR=ca, LC_ALL="C.UTF-8", PIN=desk.PIN, PUK=desk.PUK)
        prepare.run(["sh", prepare.tool("fill-%s.sh" % self.name), os.path.join(folder, "state"),
                     prepare.label(number), suffix(number)], env, os.path.join(folder, "fill.log"))

    def settle(self, d):
        """What the desk needs before the first token."""

    def to_service(self, d, number):
        """The service's options for a token that is plugged straight into it."""
        return []

    def environment(self, d):
        return {}


class VirtualPiv(Player):
    """bsre-vtoken, behind pcscd or straight in the service."""
    name, by_service = "piv", True

    def make(self, programs, folder, number, ca, wanted=KEYS):
        """A blank one on a desk of its own, filled by the utility."""
        options = {"way": "direct", "tokens": 1, "timing": "none", "kind": KINDS["piv"]}
        with prepare.Place(programs, options) as d:
            d.start()
            env = dict(d.service_environment(), DESK_DIR=d.folder, TEST_CA_DIR=ca, LC_ALL="C.UTF-8",
                       PATH=d.path("bin") + ":" + os.environ["PATH"])
            prepare.run(["sh", prepare.tool("fill-token.sh"), prepare.label(number), suffix(number)] +
                        [":".join(key) for key in wanted], env, d.path("fill.log"))
            d.stop()
            for ending in ("", ".key"):
                if os.path.exists(d.path("vtoken1.state" + ending)):
                    shutil.move(d.path("vtoken1.state" + ending), os.path.join(folder, "state" + ending))

    def start(self, d, number):
        name = "vtoken%d" % number
        if d.kit:
            d.kit.copy("state", number, d.path(name + ".state"))
            d.kit.copy("state.key", number, d.path(name + ".state.key"))
        way = ["--vpcd", str(d.port(number))] if d.options["way"] == "pcscd" else \
            ["--listen", d.path(name + ".sock")]
        child = d.spawn(name, [d.programs.vtoken] + way + [
            "--state", d.path(name + ".state"), "--control", d.path(name + ".control"),
            "--serial", str(desk.FIRST_SERIAL + number), "--timing", d.options["timing"]] +
            d.options.get("vtoken", []), d.service_environment())
        d.wait(name, child, lambda: desk.answers(d.path(name + ".control")), "listen")

    def to_service(self, d, number):
        return ["--vtoken", d.path("vtoken%d.sock" % number)]

    def environment(self, d):
        env = {"BSRE_VTOKEN_CONTROL": d.path("vtoken1.control")}
        for number in d.tokens[1:]:
            env["BSRE_VTOKEN_CONTROL_%d" % number] = d.path("vtoken%d.control" % number)
        return env


class CacCard(Player):
    """libcacard's CAC card behind pcscd."""
    name, blank = "cac", False

    def start(self, d, number):
        name = "caccard%d" % number
        program = os.path.join(d.programs.build, "tests", "tools", "caccard")
        if not os.path.exists(program):
            raise desk.Failure("no %s: it is built where libcacard-dev is (scripts/deps)" % program)
        d.kit.copy("state", number, d.path(name))
        d.spawn(name, [program, str(d.port(number)), d.path(name), "rsa", "sign"], d.service_environment())


class SoftHsm(Player):
    """SoftHSM's tokens: files, which every process that loads its module sees."""
    name, in_reader = "softhsm", False

    def settle(self, d):
        os.makedirs(d.path("softhsm", "tokens"), 0o700, exist_ok=True)
        with open(d.path("softhsm", "conf"), "w") as f:
            f.write("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n" %
                    d.path("softhsm", "tokens"))

    def start(self, d, number):
        if d.kit:
            d.kit.copy("state", number, d.path("softhsm", "tokens"))

    def environment(self, d):
        return {"SOFTHSM2_CONF": d.path("softhsm", "conf")}


# --- the kinds -----------------------------------------------------------------------------------

class Kind:
    """token(number): its label as the module says it. labels, ids: of the keys rsa, sign, ec, or of their
    certificates, which are seen before a login. own: the module that serves such a token without us. ways:
    the first is what is done where the person names none. settings, section: lines of the service's
    configuration, the latter of [module NAME]."""

    def __init__(self, name, player, token, labels, ids=("01", "02", "03"), own=(), ways=("pcscd", "direct"),
                 reader="Virtual PCD", settings=(), section=()):
        self.name, self.player, self.token, self.ways, self.reader = name, player, token, ways, reader
        self.labels, self.ids, self.patterns = labels, ids, own
        self.settings, self.section = settings, section

    def own_module(self):
        return find(*self.patterns)

    def environment(self, d):
        env = dict(self.player.environment(d), P11_CARD=self.name)
        if self.own_module():
            env["P11_OWN_MODULE"] = self.own_module()
        if d.kit:
            env.update(P11_TOKEN=self.token(1), TEST_CA_DIR=d.kit.ca)
            for key, label, key_id in zip(KEYS, self.labels, self.ids):
                env["P11_%s_LABEL" % key[0].upper()] = label
                env["P11_%s_ID" % key[0].upper()] = key_id
        return env

    def configuration(self, d):
        """Lines of bsre-tokend.conf: those of the whole, and those of [module NAME], which come last."""
        section = []
        if self.section:
            path = self.own_module()
            if not path:
                raise desk.Failure("no %s; scripts/deps installs it" % self.patterns[0])
            with open(path, "rb") as f:
                digest = hashlib.sha256(f.read()).hexdigest()
            section = ["[module %s]" % self.name, "path = %s" % path, "sha256 = %s" % digest]
            section += [line.replace("DESK", d.folder) for line in self.section]
        return list(self.settings), section


OWN_LABELS = tuple(key[0] + "-user" for key in KEYS)
PIV_CERTIFICATES = tuple("Certificate for " + use for use in
                         ("PIV Authentication", "Digital Signature", "Key Management"))
KINDS = {kind.name: kind for kind in (
    Kind("piv", VirtualPiv(), prepare.label, OWN_LABELS, own=OPENSC),
    Kind("piv-opensc", VirtualPiv(), lambda n: "Test User rsa" + suffix(n),
         PIV_CERTIFICATES, own=OPENSC, ways=("pcscd",),
         settings=("driver.piv = no",)),
    Kind("piv-ykcs11", VirtualPiv(), lambda n: "YubiKey PIV #%d" % (desk.FIRST_SERIAL + n),
         tuple("X.509 " + label for label in PIV_CERTIFICATES), own=YKCS11, ways=("pcscd",), reader="Yubico YubiKey CCID",
         settings=("driver.piv = no", "driver.opensc = no"), section=("reader = *Yubico*",)),
    Kind("softhsm", SoftHsm(), prepare.label, OWN_LABELS, own=SOFTHSM, ways=("direct", "pcscd"),
         section=("env = SOFTHSM2_CONF=DESK/softhsm/conf", "write = DESK/softhsm/tokens")),
    Kind("cac", CacCard(), lambda n: "Test User rsa" + suffix(n),
         ("CAC ID Certificate", "CAC Email Signature Certificate"), ids=("0001", "0002"),
         own=OPENSC, ways=("pcscd",)),
)}
