#!/usr/bin/env python3
# Prints what a terminal shows after the bytes of standard input: screen.py ROWS COLUMNS
#
# The output is a JSON object: {"lines": [TEXT, ...], "cursor": [ROW, COLUMN] from 0, "shows_cursor": BOOLEAN}. The lines
# have no spaces at their ends.

import json
import sys

import pyte

rows, columns = int(sys.argv[1]), int(sys.argv[2])
screen = pyte.Screen(columns, rows)
pyte.ByteStream(screen).feed(sys.stdin.buffer.read())
json.dump({
    "lines": [line.rstrip() for line in screen.display],
    "cursor": [screen.cursor.y, screen.cursor.x],
    "shows_cursor": not screen.cursor.hidden,
}, sys.stdout)
