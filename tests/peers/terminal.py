#!/usr/bin/env python3
# Runs a program on a new terminal: terminal.py ROWS COLUMNS PROGRAM [ARGUMENT...]
#
# Standard input has JSON objects, one on a line: {"keys": BASE64} types bytes, {"size": [ROWS, COLUMNS]} changes the
# size, {"hang_up": true} closes the terminal. Standard output gets the bytes that the terminal shows. At the end of the
# program, standard error gets one JSON object: {"status": STATUS or null, "signal": SIGNAL or null, "restored": whether
# the settings of the terminal are those before the program}. The end of standard input kills the program.
# If WITHOUT_CONTROL is set, the terminal does not control the program, and sends it no signals.

import base64
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios

SIZE = 65536


def set_size(descriptor, rows, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]


def start(command, slave, others):
    """Starts the program as the leader of a session with the terminal."""
    child = os.fork()
    if child:
        return child
    for descriptor in others:
        os.close(descriptor)
    os.setsid()
    if os.environ.pop("WITHOUT_CONTROL", None) is None:
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for descriptor in range(3):
        os.dup2(slave, descriptor)
    os.close(slave)
    os.execvp(command[0], command)


def read_ready(master):
    """Copies what the terminal shows at this time."""
    while select.select([master], [], [], 0)[0]:
        try:
            data = os.read(master, SIZE)
        except OSError:
            return
        write_all(1, data)


def main(rows, columns, command):
    master, slave = pty.openpty()
    set_size(slave, rows, columns)
    before = termios.tcgetattr(slave)
    ended, on_end = os.pipe()
    child = start(command, slave, [master, ended, on_end])
    # The slave stays open, so that its settings can be read after the program's end.
    os.set_blocking(on_end, False)
    signal.set_wakeup_fd(on_end)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    os.write(on_end, b"\0")
    rest = b""
    is_open = True
    waiting = [0, master, ended]
    while True:
        ready = select.select(waiting, [], [])[0]
        if ended in ready:
            os.read(ended, SIZE)
            pid, state = os.waitpid(child, os.WNOHANG)
            if pid:
                break
        if master in ready:
            data = os.read(master, SIZE)
            write_all(1, data)
        if 0 in ready:
            data = os.read(0, SIZE)
            if not data:
                os.kill(child, signal.SIGKILL)
                waiting.remove(0)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                order = json.loads(line)
                if "keys" in order and is_open:
                    write_all(master, base64.b64decode(order["keys"]))
                if "size" in order:
                    set_size(master, *order["size"])
                if "hang_up" in order:
                    os.close(slave)
                    os.close(master)
                    is_open = False
                    waiting.remove(master)
    if is_open:
        read_ready(master)
    os.close(1)
    report = {
        "status": os.WEXITSTATUS(state) if os.WIFEXITED(state) else None,
        "signal": signal.Signals(os.WTERMSIG(state)).name if os.WIFSIGNALED(state) else None,
        "restored": is_open and termios.tcgetattr(slave) == before,
    }
    write_all(2, json.dumps(report).encode() + b"\n")


main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
