// Connections that a daemon accepts: all bytes arrive in order, and every connection can be ended.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Line, LineUser } from "../../../src/daemon/sockets/line.ts";
import { listenUnix } from "../../../src/daemon/sockets/listen.ts";
import { Daemon } from "../../../src/daemon/mod.ts";
import { connect as connectClient } from "../../../mod.ts";
import { bytes } from "../../support/bytes.ts";
import { inDirectory, readBytes, write } from "../../support/socket.ts";

/** Bytes that differ by position, as far as a byte can. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

/** One connection: the daemon's end, its line, and the client's socket. */
class Served implements LineUser {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  readonly over: Promise<void>;
  onReceive: (bytes: Uint8Array) => void = () => {};
  onDrained: () => void = () => {};
  #line: Line | null = null;
  #end = () => {};

  constructor(path: string) {
    this.over = new Promise((resolve) => this.#end = resolve);
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on("error", () => {}).pause();
    this.ended = new Promise((resolve) => this.socket.once("close", () => resolve()));
  }

  get line(): Line {
    assert(this.#line !== null, "the connection is accepted");
    return this.#line;
  }

  accept(line: Line): LineUser {
    this.#line = line;
    return this;
  }

  receive(received: Uint8Array): void {
    this.onReceive(received);
  }

  drained(): void {
    this.onDrained();
  }

  closed(): void {
    this.#end();
  }

  /** Sends a byte, and resolves when the daemon has received it. */
  async greeted(): Promise<void> {
    const received = new Promise<void>((resolve) => this.onReceive = () => resolve());
    await write(this.socket, bytes("x"));
    await received;
    this.onReceive = () => {};
  }
}

/** Runs with a connection, and closes it. */
async function served(run: (served: Served, close: () => Promise<void>) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const path = join(directory, "socket");
    let user: Served | null = null;
    const listening = await listenUnix(path, (line) => {
      assert(user !== null);
      return user.accept(line);
    });
    user = new Served(path);
    try {
      await user.greeted();
      await run(user, () => listening.close());
    } finally {
      user.socket.destroy();
      await listening.close();
    }
  });
}

/** Writes until the line is full. Returns the number of bytes. */
async function fill({ line }: Served): Promise<number> {
  for (let sent = 10_000;; sent += 10_000) {
    if (!line.write(pattern(10_000))) return sent;
    assert(sent < 10_000_000, "the line is never full");
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

describe("accepted connections", () => {
  test("a connection carries every byte in order in both directions, even if both ends pause", async () => {
    await served(async (served) => {
      const { line, socket } = served;
      const sent = pattern(3_000_000);
      let count = 0;
      served.onReceive = (received) => {
        // At every tenth piece, the line is paused for a turn or more.
        if (++count % 10 === 0) {
          line.pause();
          setTimeout(() => line.resume(), 0);
        }
        if (line.write(received)) return;
        line.pause();
        served.onDrained = () => line.resume();
      };
      const written = write(socket, sent);
      const received = await readBytes(socket, sent.length);
      await written;
      assert(received.every((byte, i) => byte === sent[i]), "the bytes are the same");
      assertEquals(received.length, sent.length);
    });
  });

  test("a paused line receives nothing, even if more was sent before", async () => {
    await served(async (served) => {
      const { line, socket } = served;
      let received = 0;
      let isPaused = false;
      const last = new Promise<void>((resolve) => {
        served.onReceive = ({ length }) => {
          assert(!isPaused, "the line is paused");
          received += length;
          if (received === 400_000) return resolve();
          isPaused = true;
          line.pause();
          setTimeout(() => {
            isPaused = false;
            line.resume();
          }, 1);
        };
      });
      await write(socket, new Uint8Array(400_000));
      await last;
    });
  });

  test("a line sends its backlog to a client that has ended its own direction", async () => {
    await served(async (served) => {
      const size = await fill(served);
      served.socket.end();
      const received = await readBytes(served.socket, size);
      assertEquals(received.slice(-10_000), pattern(10_000));
      served.socket.resume();
      await Promise.all([served.over, served.ended]);
    });
  });

  test("close() ends a connection whose client does not read, without calling closed()", async () => {
    await served(async (served) => {
      await fill(served);
      let isTold = false;
      void served.over.then(() => isTold = true);
      served.line.close();
      served.socket.resume().end();
      await served.ended;
      assertEquals(isTold, false);
    });
  });

  test("close() ends a connection whose client has ended its own direction and does not read", async () => {
    await served(async (served) => {
      await fill(served);
      served.socket.end();
      await new Promise((resolve) => setTimeout(resolve, 10));
      served.line.close();
      served.socket.resume();
      await served.ended;
    });
  });

  test("closing the listener ends a connection whose client does not read, and calls closed()", async () => {
    await served(async (served, close) => {
      await fill(served);
      await close();
      await served.over;
      served.socket.resume().end();
      await served.ended;
    });
  });

  test("closing the listener calls closed() in a later turn", async () => {
    await served(async (served, close) => {
      let isTold = false;
      void served.over.then(() => isTold = true);
      const told: boolean[] = [];
      served.closed = () => void told.push(true);
      const closing = close();
      assertEquals([told, isTold], [[], false]);
      await closing;
      served.socket.resume().end();
      await served.ended;
      assertEquals(told, [true]);
    });
  });
});

describe("child processes", () => {
  test("a child process inherits no socket of a daemon", { skip: !existsSync("/proc/net/unix") }, async () => {
    await inDirectory(async (directory) => {
      await using daemon = await Daemon.open(join(directory, "data"));
      const { path } = await daemon.listen(join(directory, "socket"));
      await using client = await connectClient(`unix:${path}`);
      await client.list("/");
      const table = readFileSync("/proc/net/unix", "utf8").split("\n").filter((line) => line.includes(directory));
      const inodes = table.map((line) => line.trim().split(/\s+/)[6]);
      assert(inodes.length >= 3, "the daemon's socket, a connection, and the lock of the directory");
      const { stdout } = spawnSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" });
      assert(stdout.includes("->"), "the child shows its descriptors");
      assertEquals(inodes.filter((inode) => stdout.includes(`socket:[${inode}]`)), []);
    });
  });
});
