# definitions.py: reads definitions of domains by Xen's own libxlutil (xl.cfg) and by expat (XML); for definitions.test.ts
#
# standard input: JSON of {"cfg": [base64...], "xml": [base64...]}; standard output: what each is, or null if it is refused
import base64
import ctypes
import json
import sys
from xml.parsers import expat

xlu = ctypes.CDLL("libxlutil.so.4.17")
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
xlu.xlu_cfg_init.restype = ctypes.c_void_p
xlu.xlu_cfg_init.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
xlu.xlu_cfg_destroy.argtypes = [ctypes.c_void_p]
xlu.xlu_cfg_readdata.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
xlu.xlu_cfg_get_string.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int]
xlu.xlu_cfg_get_long.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_long), ctypes.c_int]
nowhere = libc.fopen(b"/dev/null", b"w")


def read_cfg(data):
    config = xlu.xlu_cfg_init(nowhere, b"test")
    try:
        if xlu.xlu_cfg_readdata(config, data, len(data)) != 0:
            return None
        found = {}
        for name in ("name", "memory", "vcpus", "x"):
            text, number = ctypes.c_char_p(), ctypes.c_long()
            if xlu.xlu_cfg_get_string(config, name.encode(), ctypes.byref(text), 1) == 0:
                is_number = xlu.xlu_cfg_get_long(config, name.encode(), ctypes.byref(number), 1) == 0
                found[name] = [text.value.decode(), number.value if is_number else None]
        return found
    finally:
        xlu.xlu_cfg_destroy(config)


def read_xml(data):
    parser = expat.ParserCreate()
    opened, roots, doctypes = [], [], []

    def start(name, attributes):
        element = [name, sorted([key, value] for key, value in attributes.items()), "", []]
        (opened[-1][3] if opened else roots).append(element)
        opened.append(element)

    def text(added):
        if opened:
            opened[-1][2] += added

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: opened.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = lambda *_: doctypes.append(1)
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError):
        return None
    return None if doctypes else roots[0]


asked = json.load(sys.stdin)
json.dump({
    "cfg": [read_cfg(base64.b64decode(text)) for text in asked["cfg"]],
    "xml": [read_xml(base64.b64decode(text)) for text in asked["xml"]],
}, sys.stdout)
