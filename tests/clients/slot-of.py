#!/usr/bin/python3
"""slot-of.py MODULE LABEL: the id of the slot with that token, for programs that can name no label."""
import ctypes as c
import sys

ULONG = c.c_ulong
INITIALIZE, FINALIZE, GET_SLOT_LIST, GET_TOKEN_INFO = 0, 1, 4, 6     # places in CK_FUNCTION_LIST


class FunctionList(c.Structure):
    _fields_ = [("version", c.c_ubyte * 2), ("f", c.c_void_p * 68)]


def call(functions, place, *arguments):
    kinds = [c.c_ubyte if isinstance(a, bool) else ULONG if isinstance(a, int) else c.c_void_p for a in arguments]
    values = [c.cast(a, c.c_void_p) if k is c.c_void_p and a is not None else a for a, k in zip(arguments, kinds)]
    return c.CFUNCTYPE(ULONG, *kinds)(functions[place])(*values)


def main(module, label):
    library = c.CDLL(module)
    table = c.POINTER(FunctionList)()
    if library.C_GetFunctionList(c.byref(table)):
        sys.exit("C_GetFunctionList")
    functions = table.contents.f
    rv = call(functions, INITIALIZE, None)
    if rv:
        sys.exit("C_Initialize 0x%x" % rv)
    count = ULONG(64)
    slots = (ULONG * 64)()
    if call(functions, GET_SLOT_LIST, True, slots, c.pointer(count)):
        sys.exit("C_GetSlotList")
    for slot in slots[:count.value]:
        info = c.create_string_buffer(512)
        if call(functions, GET_TOKEN_INFO, slot, info) == 0:
            if info.raw[:32].decode("utf-8", "replace").rstrip() == label:
                print(slot)
                return
    sys.exit("no token %r" % label)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
