#!/usr/bin/python3
"""A small PDF to sign, and the signature of a signed one taken apart for OpenSSL; no PDF library.

pdf.py make OUT.pdf [TEXT]          one page with TEXT
pdf.py field OUT.pdf                the same with an empty signature field, "sig1"
pdf.py extract IN.pdf CMS DATA      the last signature: its CMS, and the bytes that it covers
"""
import re
import sys

CATALOG = b"<</Type/Catalog/Pages 2 0 R%s>>"
FORM = b"/AcroForm<</Fields[6 0 R]/SigFlags 1/DA(/Helv 0 Tf 0 g)>>"
PAGE = (b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]%s/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>")
FIELD = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(sig1)/F 132/Rect[72 600 300 680]/P 3 0 R>>"


def make(path, text, field):
    words = text.encode("latin-1", "replace").translate(None, b"()\\")
    stream = b"BT /F1 18 Tf 72 720 Td (" + words + b") Tj ET"
    objects = [CATALOG % (FORM if field else b""), b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               PAGE % (b"/Annots[6 0 R]" if field else b""),
               b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
               b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"] + ([FIELD] if field else [])
    out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    identity = b"<00112233445566778899aabbccddeeff>"
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R/ID[%s%s]>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, identity, identity, len(out))
    with open(path, "wb") as f:
        f.write(out)


def value_length(der):
    """The length of the value at the front, head included: the hole is filled up with zeros. A value of
    indefinite length, as NSS writes, ends by itself: then all there is."""
    if der[:1] != b"\x30":
        sys.exit("the signature is no DER or BER")
    first = der[1]
    if first < 0x80:
        return 2 + first
    if first == 0x80:
        return len(der)
    count = first & 0x7f
    return 2 + count + int.from_bytes(der[2:2 + count], "big")


def extract(pdf, cms, data):
    with open(pdf, "rb") as f:
        whole = f.read()
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", whole)
    if not ranges:
        sys.exit("not signed")
    start1, size1, start2, size2 = map(int, ranges[-1])
    if start1 != 0 or start2 + size2 != len(whole) or start2 <= size1:
        sys.exit("the signature does not cover the whole file")
    hole = whole[size1:start2]
    if not (hole.startswith(b"<") and hole.endswith(b">")):
        sys.exit("more than the signature is left uncovered")
    der = bytes.fromhex(hole[1:-1].decode())
    with open(cms, "wb") as f:
        f.write(der[:value_length(der)])
    with open(data, "wb") as f:
        f.write(whole[:size1] + whole[start2:])


def main(argv):
    if len(argv) >= 3 and argv[1] in ("make", "field"):
        make(argv[2], argv[3] if len(argv) > 3 else "Document to sign", argv[1] == "field")
    elif len(argv) == 5 and argv[1] == "extract":
        extract(*argv[2:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv)
