#!/usr/bin/python3
"""Writes the first inputs of fuzz-broker: whole stories of a program, a worker and a monitor, from the
tables of src/wire. To be run again when a stanza changes: tests/fuzz/seeds-broker.py [FOLDER]"""
import os
import re
import struct
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
CALL, RAW, HANG_UP, REPLY, UNASKED, WORKER_RAW, WORKER_DIES, TELL, MONITOR_RAW, MONITOR_DIES, TIME, SCANNED = range(12)
READER = b"Reader 00 00"
WIDTH = {"u32": ">I", "u64": ">Q"}


def table(name):
    """{stanza: (number, [fields in], [fields out])}"""
    stanzas = {}
    with open(os.path.join(TOP, "src/wire", name + ".def"), encoding="ascii") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    for kind, inner in re.findall(r"\b(CALL|JOB|EVENT|RECORD|IN|OUT)\s*\(([^)]*)\)", text):
        a, b = (word.strip() for word in inner.split(","))
        if kind in ("IN", "OUT"):
            stanza[1 if kind == "IN" else 2].append((a, b))
        else:
            stanza = (int(a), [], [])
            stanzas[b] = stanza
    return stanzas


CALLS, JOBS, EVENTS, RECORDS = (table(name) for name in ("calls", "jobs", "events", "records"))


def fields(rows, values):
    out = b""
    for kind, name in rows:
        value = values.pop(name, 0 if kind in WIDTH else b"")
        if kind in WIDTH:
            out += struct.pack(WIDTH[kind], value)
        else:
            out += len(value).to_bytes(1 if kind == "secret" else 4, "big") + value
    assert not values, values
    return out


def record(name, **values):
    return fields(RECORDS[name][1], values)


def native(value):
    return struct.pack("=Q", value)


def attr(kind, value):
    if isinstance(value, bool):
        value = bytes([value])
    return record("AttrRec", type=kind, value=native(value) if isinstance(value, int) else value)


class Story:
    """Steps, one after the other. Tokens, sessions and objects are numbered by the broker from 1 on."""

    def __init__(self):
        self.bytes = b""

    def step(self, kind, whom=0, body=b""):
        self.bytes += struct.pack(">BBH", kind, whom, len(body)) + body
        return self

    def call(self, name, whom=0, **values):
        return self.step(CALL, whom, struct.pack(">H", CALLS[name][0]) + fields(CALLS[name][1], values))

    def done(self, name, whom=0, code=0, sw=0, **values):
        body = fields(JOBS[name][2], values) if code == 0 else b""
        return self.step(REPLY, whom, struct.pack(">HHH", JOBS[name][0], code, sw) + body)

    def tell(self, name, **values):
        return self.step(TELL, 0, struct.pack(">H", EVENTS[name][0]) + fields(EVENTS[name][1], values))

    def plug(self, reader=READER, count=1):
        return self.tell("ReaderState", reader=reader, present=1, count=count, atr=b"\x3b\x00")

    def opened(self, serial=b"20260001", whom=0):
        return self.done("CardOpen", whom, driver=b"piv", serial=serial, label=b"Test Token", model=b"PIV",
                         manufacturer=b"BSrE", firmware=0x050700, flags=1 | 4 | 8 | 16, algs=0x74, pin_min=6,
                         pin_max=8, pin_tries=3, puk_tries=3)

    def hello(self, whom=0):
        return self.call("Hello", whom, version=2, word=8, tty=b"/dev/pts/1", locale=b"C")

    def token(self):
        """Token 1, session 2."""
        self.step(SCANNED).tell("ServiceState", up=1).plug().opened().hello()
        return self.call("TokenList").call("SessionOpen", token=1, flags=2)

    def objects(self):
        """Loaded because of a search: RSA in 9A, EC in 9C with a PIN each time, a certificate, data, profiles."""
        keys = (record("KeyRec", slot=0x9A, alg=1, flags=2, label=b"rsa", id=b"\x01", spki=RSA)
                + record("KeyRec", slot=0x9E, alg=2, flags=1 | 2, label=b"cert", id=b"\x03")
                + record("KeyRec", slot=0x9C, alg=5, flags=2 | 4 | 16, label=b"ec", id=b"\x02", spki=EC)
                + record("KeyRec", slot=0x5FFF50, flags=64))
        self.call("Find", session=2).done("CardList", keys=keys)
        return self.done("CardCert", der=CERT).done("CardDataRead", value=b"\x30\x00")

    def login(self, pin=b"624813"):
        return self.call("Login", session=2, user=1, given=1, pin=pin).done("CardLogin", left=3)


def read(name):
    with open(os.path.join(TOP, "tests/fuzz/corpus", name), "rb") as f:
        return f.read()


CERT = read("fuzz-lib/certificate")
# two key pairs whose private halves are forgotten, and what they signed: 32 times "x"
RSA = bytes.fromhex(
    "30819f300d06092a864886f70d010101050003818d0030818902818100f634c8ac30fb5076ca74252a44"
    "fd0fca62fea15ef0c890defbebe673161c9bcb6a34311a69b1cb83bd615d7e7c2fff33e42ee3a126ab8f"
    "668b8b4e3a895591d908f125b565d297a930ef9ee30f10ff71ee9b34a63485e0846c6f88414fcbb47ffe"
    "48936922dba7299670dbf8632c30467ce1938765105ef364f7833c3286a8f30203010001")
RSA_SIGNED = bytes.fromhex(
    "2d8a82813fcbcccff5bbe8988eaa4b598b8c7b70cdd7499fcc247a36d2ec5a5753ccac6befc1e654c4ff"
    "d25382097417f9ae534c7631c363d8006ffbb0d24a93f0fd0ca6e6871b358a2ef24cad4170bd99dd0176"
    "a6914118504803245440f3ef49e6cc3eba5e1c67c92d1ccba16e7ffe21c18708e4f5669b90ef03cfac7a"
    "b937")
EC = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004037782313c60453728526f1eb5a016"
    "00ac1db77a206a22b83c182e7f038814b97a75c71474cbc1a594b974d52d71d9748b0cbd60212c540109"
    "fc72d65c037c36")
EC_SIGNED = bytes.fromhex(
    "8c1a0fd166789dacb8506e6012cff80e3c823d4864649adfa7676dbb20e42cf9ce7372c246733db9679a"
    "b0146a79e5c7a772caba32634aee6cb7419fe5f4ea2b")
SHA256_RSA, RSA_PKCS, RSA_PSS, RSA_OAEP = 0x40, 1, 0xD, 9
SHA256, ECDSA, ECDH = 0x250, 0x1041, 0x1050
LABEL, VALUE, ID, CLASS, TOKEN, SLOT = 3, 0x11, 0x102, 0, 1, 0


def ready():
    return Story().token().objects().login()


def operation(s, op, mech, key, data=b"x" * 32, param=b"", signature=b"", session=2):
    s.call("OpInit", session=session, op=op, mech=mech, param=param, key=key)
    return s.call("OpFinish", session=session, op=op, whole=1, data=data, signature=signature)


def handles(first=3, count=16):
    return range(first, first + count)


def every_key(op, mech, **more):
    """The same operation with each number that an object may have."""
    s = ready()
    for h in handles():
        operation(s, op, mech, h, **more).done("CardUse", out=EC_SIGNED if mech > 0x1000 else RSA_SIGNED)
    return s


def attributes():
    s = ready()
    kinds = b"".join(struct.pack(">Q", k) for k in (0, 1, 2, 3, 0x11, 0x80, 0x101, 0x102, 0x100, 0x120, 0x121,
                                                   0x122, 0x129, 0x163, 0x180, 0x181, 0x202, 0x40000601))
    for h in handles():
        s.call("AttrGet", session=2, object=h, types=kinds).call("ObjectSize", session=2, object=h)
        s.call("AttrSet", session=2, object=h, attrs=attr(LABEL, b"new")).done("CardKeyName")
    s.call("Find", session=2, filter=attr(CLASS, 3) + attr(TOKEN, True))
    return s.call("Find", session=2, filter=attr(ID, b"\x01"))


def creation():
    s = ready()
    s.call("ObjectCreate", session=2, attrs=attr(CLASS, 0) + attr(LABEL, b"d") + attr(VALUE, b"v"))
    s.call("ObjectCreate", session=2, attrs=attr(CLASS, 0) + attr(TOKEN, True) + attr(LABEL, b"d") + attr(VALUE, b"v"))
    s.done("CardDataWrite").done("CardDataRead", value=b"v")
    s.call("ObjectCreate", session=2, attrs=attr(CLASS, 1) + attr(TOKEN, True) + attr(0x80, 0) + attr(VALUE, CERT))
    s.done("CardCertWrite").done("CardCert", der=CERT)
    s.call("ObjectCreate", session=2, attrs=attr(CLASS, 4) + attr(0x100, 0x10) + attr(VALUE, b"k" * 16))
    s.call("ObjectCreate", session=2, attrs=attr(CLASS, 1) + attr(0x80, 0) + attr(VALUE, CERT))
    for h in handles(9, 12):
        s.call("ObjectCopy", session=2, object=h, attrs=attr(LABEL, b"copy"))
        s.call("ObjectDestroy", session=2, object=h).done("CardDataWrite").done("CardCertWrite").done("CardKeyDestroy")
    return s


def generation():
    s = ready()
    p256 = bytes.fromhex("06082a8648ce3d030107")
    s.call("KeyPairGenerate", session=2, mech=0x1040, public_attrs=attr(0x180, p256) + attr(ID, b"\x05"),
           private_attrs=attr(TOKEN, True) + attr(LABEL, b"made") + attr(ID, b"\x05"))
    s.done("CardGenerate", spki=EC, attestation=CERT).done("CardCertWrite").done("CardKeyName")
    s.call("KeyPairGenerate", session=2, mech=0, public_attrs=attr(0x121, 2048), private_attrs=attr(TOKEN, True))
    s.done("CardGenerate", spki=read("fuzz-lib/rsa"))
    for h in handles(9, 12):
        s.call("KeyAttest", session=2, key=h).done("CardAttest", certificate=CERT, intermediate=CERT)
        s.call("KeyDestroy", session=2, key=h, reason=b"lost").done("CardKeyDestroy")
    return s


def pins():
    s = Story().token()
    s.login(b"111111").call("Login", session=2, user=1, given=1, pin=b"222222").done("CardLogin", code=2, sw=0x63C2)
    s.call("Logout", session=2).call("Login", session=2, user=1, given=1, pin=b"222222").step(TIME)
    s.call("Login", session=2, user=0, given=1, pin=b"90318427").done("CardLogin", left=3)
    s.call("PinInit", session=2, pin=b"624813").done("CardPinUnblock", left=3)
    s.call("PinSet", session=2, old=b"90318427", new=b"90318428").done("CardPinChange", left=3)
    s.call("PinChange", token=1, which=1, old=b"624813", new=b"624814").done("CardPinChange", left=3)
    s.call("PinUnblock", token=1, puk=b"90318427", pin=b"624813").done("CardPinUnblock", left=3)
    s.call("PinVerify", token=1, last=0, pin=b"624813").done("CardLogin", left=3)
    s.call("TriesRead", token=1).done("CardTries", user=3, puk=3).call("SessionCloseAll", token=1)
    s.call("TokenInit", token=1, pin=b"90318427", label=b"New").done("CardInit").opened()
    s.call("TokenErase", token=1, pin=b"624813", puk=b"90318427", label=b"New").done("CardInit", remains=b"x")
    return s.opened().step(TIME).done("CardClose")


def two():
    s = ready().hello(1).call("SessionOpen", 1, token=1, flags=0).call("LoginList", 1, token=1)
    s.call("WaitEvent", 1, generation=0).call("WaitEvent", 1, generation=1 << 40).call("MechList", 1, token=1)
    s.call("ReaderList", 1).call("TokenInfo", 1, token=1).call("Ping", 1)
    s.plug(b"Reader 01 00").opened(b"20260002", 1).call("TokenList", 1)
    s.tell("ReaderGone", reader=READER).call("SessionInfo", session=2).call("Logout", session=2)
    s.plug(count=3).opened().call("SessionOpen", token=40, flags=2)
    for n in range(30, 50):
        s.call("SessionOpen", token=n, flags=2)
    return s.step(WORKER_DIES, 1).step(MONITOR_DIES).step(TIME).step(HANG_UP).tell("ServiceState", up=0)


def parked():
    s = Story().hello().hello(1).tell("ScanDone").plug().step(SCANNED).opened()
    s.call("SessionOpen", token=1, flags=2).call("Find", session=2).call("OpInit", session=2, op=1, mech=SHA256)
    s.done("CardList", code=70).call("Find", session=2).done("CardList", keys=b"").step(TIME).done("CardClose")
    return s.step(HANG_UP).step(TIME).step(TIME)


def again():
    """Pulled out and put in: what was remembered is proven."""
    s = ready().tell("ReaderState", reader=READER, present=0, count=2).plug(count=3).opened()
    s.step(TIME)
    for t in range(13, 24):
        s.call("SessionOpen", token=t, flags=2)
    for h in range(14, 25):
        s.call("Login", session=h, user=1, given=1, pin=b"624813").done("CardLogin", left=3)
        for key in handles():
            s.call("AttrGet", session=h, object=key, types=struct.pack(">Q", VALUE)).done("CardCert", der=CERT[:200])
            operation(s, 2, RSA_PKCS, key, session=h).done("CardUse", out=RSA_SIGNED)
    return s


def parts():
    s = ready().call("OpInit", session=2, op=1, mech=SHA256)
    for n in (1, 100, 5000):
        s.call("OpUpdate", 0x80, session=2, op=1, data=b"d" * n)
    s.call("OpFinish", session=2, op=1, data=b"").call("OpInit", session=2, op=1, mech=SHA256)
    return s.call("OpCancel", session=2, op=1).call("SessionClose", session=2)


SEEDS = {
    "sign": lambda: every_key(2, RSA_PKCS), "sign-hash": lambda: every_key(2, SHA256_RSA),
    "sign-pss": lambda: every_key(2, RSA_PSS, param=record("PssParam", hash=SHA256, mgf=2, salt=32)),
    "sign-ec": lambda: every_key(2, ECDSA), "verify": lambda: every_key(3, RSA_PKCS, signature=RSA_SIGNED),
    "verify-ec": lambda: every_key(3, ECDSA, signature=EC_SIGNED),
    "verify-pss": lambda: every_key(3, RSA_PSS, param=record("PssParam", hash=SHA256, mgf=2, salt=32),
                                    signature=RSA_SIGNED),
    "encrypt": lambda: every_key(4, RSA_OAEP, param=record("OaepParam", hash=SHA256, mgf=2)),
    "decrypt": lambda: every_key(5, RSA_PKCS, data=RSA_SIGNED),
    "decrypt-oaep": lambda: every_key(5, RSA_OAEP, data=RSA_SIGNED, param=record("OaepParam", hash=SHA256, mgf=2)),
    "recover": lambda: every_key(7, RSA_PKCS, data=RSA_SIGNED), "sign-recover": lambda: every_key(6, RSA_PKCS),
    "attributes": attributes, "creation": creation, "generation": generation, "pins": pins, "two": two,
    "parked": parked, "again": again, "parts": parts,
    "context": lambda: operation(ready(), 2, ECDSA, 6).call("Login", session=2, user=2, given=1, pin=b"624813")
    .done("CardLogin", left=3).call("OpFinish", session=2, op=2, whole=1, data=b"x" * 32).done("CardUse", out=EC_SIGNED),
    "derive": lambda: [s.call("Derive", session=2, mech=ECDH, key=h, param=record("EcdhParam", kdf=1, point=EC[-65:]),
                              attrs=attr(CLASS, 4) + attr(0x100, 0x10)).done("CardUse", out=b"z" * 32)
                       for s in [ready()] for h in handles()][0],
    "raw": lambda: Story().token().step(RAW, 1, b"\0\0\0\0\0\0\0\1\0\x08\0\0").step(RAW, 1, b"\xff" * 9)
    .step(WORKER_RAW, 0, b"\0\0").step(MONITOR_RAW, 0, b"\0\0\1"),
    "unasked": lambda: ready().step(UNASKED, 0, struct.pack(">HHH", 0, 23, 0)),
    "hangs": lambda: Story().token().call("Find", session=2).step(TIME).step(TIME).step(TIME),
}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(TOP, "tests/fuzz/corpus/fuzz-broker")
    os.makedirs(folder, exist_ok=True)
    for name, make in SEEDS.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(make().bytes)


main()
