#!/usr/bin/python3
"""What pykcs11.sh runs: signs WORK/msg with each key of the token into WORK/NAME.sig; the argument is WORK."""
import hashlib
import os
import sys

import PyKCS11 as P

CONTEXT_SPECIFIC = 2


def der(raw):
    """An ECDSA signature as OpenSSL reads it, of the two numbers that PKCS#11 gives."""
    body = b""
    for half in (raw[:len(raw) // 2], raw[len(raw) // 2:]):
        number = half.lstrip(b"\0") or b"\0"
        number = b"\0" + number if number[0] & 0x80 else number
        body += b"\x02" + bytes([len(number)]) + number
    return b"\x30" + bytes([len(body)]) + body


class Token:
    def __init__(self, work):
        self.work = work
        with open(os.path.join(work, "msg"), "rb") as f:
            self.message = f.read()
        self.lib = P.PyKCS11Lib()
        self.lib.load(os.environ["P11_MODULE"])
        slots = [s for s in self.lib.getSlotList(tokenPresent=True)
                 if self.lib.getTokenInfo(s).label.strip(" \0") == os.environ["P11_TOKEN"]]
        self.session = self.lib.openSession(slots[0], P.CKF_SERIAL_SESSION | P.CKF_RW_SESSION)
        self.session.login(os.environ["P11_PIN"])

    def key(self, name):
        found = self.session.findObjects([(P.CKA_CLASS, P.CKO_PRIVATE_KEY),
                                          (P.CKA_LABEL, os.environ["P11_%s_LABEL" % name.upper()])])
        assert len(found) == 1, (name, len(found))
        return found[0]

    def write(self, name, data):
        with open(os.path.join(self.work, name + ".sig"), "wb") as f:
            f.write(data)

    def sign(self, name, mechanism, data=None):
        return bytes(self.session.sign(self.key(name), data or self.message, mechanism))

    def sign_always(self):
        """Its sign() has no place for a PIN between C_SignInit and C_Sign: its calls one by one."""
        low = self.lib.lib
        asked = self.session.getAttributeValue(self.key("sign"), [P.CKA_ALWAYS_AUTHENTICATE])
        assert asked == [True], asked
        mechanism = P.Mechanism(P.CKM_SHA256_RSA_PKCS, None).to_native()
        result = low.C_SignInit(self.session.session, mechanism, self.key("sign"))
        assert result == P.CKR_OK, result
        self.session.login(os.environ["P11_PIN"], CONTEXT_SPECIFIC)
        signature = P.ckbytelist()
        for _length_then_data in range(2):
            result = low.C_Sign(self.session.session, P.ckbytelist(self.message), signature)
            assert result == P.CKR_OK, result
        return bytes(signature)


def main():
    token = Token(sys.argv[1])
    token.write("pkcs1", token.sign("rsa", P.Mechanism(P.CKM_SHA256_RSA_PKCS, None)))
    token.write("pss", token.sign("rsa", P.RSA_PSS_Mechanism(
        P.CKM_SHA256_RSA_PKCS_PSS, P.CKM_SHA256, P.CKG_MGF1_SHA256, 32)))
    for name in ("always1", "always2"):
        token.write(name, token.sign_always())
    digest = hashlib.sha256(token.message).digest()
    token.write("ec", der(token.sign("ec", P.Mechanism(P.CKM_ECDSA, None), digest)))
    token.session.logout()
    token.session.closeSession()


main()
