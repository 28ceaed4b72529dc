// Listening on a Unix socket: its file, its permissions and its connections.

import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { renameSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Line, Serve } from "../../../src/daemon/sockets/line.ts";
import { listen, type Listener } from "../../../src/daemon/lines/server.ts";
import { ConnectionError } from "../../../src/transport/errors.ts";
import { codeOf } from "../../../src/wire/system_errors.ts";
import { bytes, shown } from "../../support/bytes.ts";
import { inDirectory, readBytes, write } from "../../support/socket.ts";

/** The daemon's end of all connections. It records the calls. */
class Users {
  readonly lines: Line[] = [];
  readonly calls: string[] = [];
  onReceive: (line: Line, received: Uint8Array) => void = (line, received) => void line.write(received);
  #waiting: { count: number; resolve: () => void }[] = [];

  readonly serve: Serve = (line) => {
    this.lines.push(line);
    const name = this.lines.length;
    return {
      receive: (received) => {
        this.#note(`${name} receives`);
        this.onReceive(line, received);
      },
      drained: () => this.#note(`${name} drained`),
      closed: () => this.#note(`${name} closed`),
    };
  };

  /** Resolves after so many calls. */
  noted(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#tell();
    });
  }

  #note(call: string): void {
    this.calls.push(call);
    this.#tell();
  }

  #tell(): void {
    for (const { count, resolve } of this.#waiting) if (this.calls.length >= count) resolve();
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", reject).once("connect", () => {
      socket.off("error", reject).on("error", () => {}).pause();
      resolve(socket);
    });
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()).resume());
}

/** Runs with a directory that has a listener. */
async function listening(run: (listener: Listener, users: Users, directory: string) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const users = new Users();
    await using listener = await listen(join(directory, "socket"), users.serve);
    await run(listener, users, directory);
  });
}

async function refusal(path: string, code: string, state: string): Promise<void> {
  const attempt = () => listen(path, new Users().serve);
  const error = await assertRejects(attempt, ConnectionError, `cannot listen at ${JSON.stringify(path)}: ${state}`);
  assertEquals(error.code, code);
}

/** Makes a socket file that no process listens on, and returns its path. */
async function staleSocket(directory: string): Promise<string> {
  const path = join(directory, "stale");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(directory, "bound"), resolve));
  renameSync(join(directory, "bound"), path);
  await new Promise((resolve) => server.close(resolve));
  return path;
}

describe("listening on a socket", () => {
  test("a listener serves several connections, each with its own line", async () => {
    await listening(async ({ path }, users) => {
      const [one, other] = [await open(path), await open(path)];
      await write(one, bytes("one"));
      await write(other, bytes("other"));
      assertEquals(shown(await readBytes(one, 3)), "one");
      assertEquals(shown(await readBytes(other, 5)), "other");
      one.destroy();
      await users.noted(3);
      assertEquals(users.calls.slice(2), ["1 closed"]);
      other.destroy();
    });
  });

  test("listen() gives the socket the mode 600, and leaves no other file", async () => {
    await listening(({ path }, _users, directory) => {
      assertEquals((statSync(path).mode & 0o777).toString(8), "600");
      assertEquals(readdirSync(directory), ["socket"]);
      return Promise.resolve();
    });
  });

  test("listen() takes a path of 107 bytes, and rejects one of 108 bytes with EINVAL", async () => {
    await inDirectory(async (directory) => {
      // The directory leaves room for one character.
      const deep = join(directory, "d".repeat(107 - directory.length - "/".length - "/s".length));
      mkdirSync(deep);
      const path = join(deep, "s");
      assertEquals(path.length, 107);
      const listener = await listen(path, new Users().serve);
      assertEquals([(statSync(path).mode & 0o777).toString(8), readdirSync(deep)], ["600", ["s"]]);
      const socket = await open(path);
      await write(socket, bytes("echo"));
      assertEquals(shown(await readBytes(socket, 4)), "echo");
      socket.destroy();
      await listener.close();
      assertEquals(readdirSync(deep), []);
      await refusal(`${path}s`, "EINVAL", "socket path of 108 bytes");
    });
  });

  test("listen() replaces a stale socket file", async () => {
    await inDirectory(async (directory) => {
      const path = await staleSocket(directory);
      await using _listener = await listen(path, new Users().serve);
      (await open(path)).destroy();
      assertEquals(readdirSync(directory), ["stale"]);
    });
  });

  test("if several concurrent listen() find a stale socket file, only one succeeds", async () => {
    await inDirectory(async (directory) => {
      const path = await staleSocket(directory);
      const users = [new Users(), new Users(), new Users()];
      const attempts = await Promise.allSettled(users.map(({ serve }) => listen(path, serve)));
      const codes = attempts.map((attempt) => attempt.status === "fulfilled" ? "" : codeOf(attempt.reason));
      assertEquals(codes.toSorted(), ["", "EADDRINUSE", "EADDRINUSE"]);
      const socket = await open(path);
      await write(socket, bytes("echo"));
      assertEquals(shown(await readBytes(socket, 4)), "echo");
      // A listen() that comes late finds the new listener by connecting to it.
      assertEquals(users.map(({ lines }) => lines.length > 0), codes.map((code) => code === ""));
      socket.destroy();
      for (const attempt of attempts) if (attempt.status === "fulfilled") await attempt.value.close();
      assertEquals(readdirSync(directory), []);
    });
  });

  test("a relative path is resolved at the call of listen()", async () => {
    await inDirectory(async (directory) => {
      const before = process.cwd();
      process.chdir(directory);
      const attempt = listen("relative", new Users().serve);
      process.chdir(before);
      const listener = await attempt;
      assertEquals(listener.path, join(realpathSync(directory), "relative"));
      (await open(listener.path)).destroy();
      await listener.close();
      assertEquals(readdirSync(directory), []);
    });
  });

  test("listen() rejects with EADDRINUSE if a process listens, and that process is not disturbed", async () => {
    await listening(async ({ path }, users, directory) => {
      await refusal(path, "EADDRINUSE", "a process listens there already");
      assertEquals(readdirSync(directory), ["socket"]);
      const socket = await open(path);
      await write(socket, bytes("echo"));
      assertEquals(shown(await readBytes(socket, 4)), "echo");
      assert(users.calls.includes("1 closed"), "the one who asked has gone");
      socket.destroy();
    });
  });

  test("if several concurrent listen() have the same path, only one succeeds", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "socket");
      const attempts = await Promise.allSettled([1, 2, 3].map(() => listen(path, new Users().serve)));
      const codes = attempts.map((attempt) => attempt.status === "fulfilled" ? "" : codeOf(attempt.reason));
      assertEquals(codes.sort(), ["", "EADDRINUSE", "EADDRINUSE"]);
      (await open(path)).destroy();
      for (const attempt of attempts) if (attempt.status === "fulfilled") await attempt.value.close();
      assertEquals(readdirSync(directory), []);
    });
  });

  test("listen() rejects with EADDRINUSE if a file or directory has that name", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, "precious");
      await refusal(path, "EADDRINUSE", "there is something else of that name");
      await refusal(directory, "EADDRINUSE", "there is something else of that name");
      assertEquals(readdirSync(directory), ["file"]);
    });
  });

  test("listen() rejects with the system's code if the directory does not exist", async () => {
    await inDirectory(async (directory) => {
      await refusal(join(directory, "none", "socket"), "ENOENT", "No such file or directory");
      writeFileSync(join(directory, "file"), "");
      await refusal(join(directory, "file", "socket"), "ENOTDIR", "Not a directory");
    });
  });

  test("listen() rejects with EINVAL if the path is empty or contains a NUL", async () => {
    await inDirectory(async (directory) => {
      await refusal("", "EINVAL", "the path is empty");
      await refusal(join(directory, "a\0b"), "EINVAL", "the path contains a NUL");
      assertEquals(readdirSync(directory), []);
    });
  });

  test("a connection that the daemon refuses is closed", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "socket");
      const serve = () => {
        throw new RangeError("no such domain");
      };
      await using _listener = await listen(path, serve);
      // Bun reports the close as an error of connect().
      await open(path).then(closed, (error) => assertEquals(codeOf(error), "ECONNRESET"));
    });
  });

  test("a listener accepts 1,000 idle connections", async () => {
    await listening(async ({ path }, users) => {
      const sockets: Socket[] = [];
      // Bun queues at most 512 connections to be accepted.
      while (sockets.length < 1000) sockets.push(...await Promise.all(Array.from({ length: 250 }, () => open(path))));
      const last = await open(path);
      await write(last, bytes("x"));
      await readBytes(last, 1);
      assertEquals(users.lines.length, 1001);
      for (const socket of [...sockets, last]) socket.destroy();
      await users.noted(1002);
    });
  });
});

describe("a socket's line", () => {
  test("write() returns false if the client does not read, and drained() is called after it has read", async () => {
    await listening(async ({ path }, users) => {
      const socket = await open(path);
      await write(socket, bytes("x"));
      await readBytes(socket, 1);
      const [line] = users.lines;
      let sent = 0;
      while (line?.write(new Uint8Array(10_000))) {
        sent += 10_000;
        assert(sent < 10_000_000, "it is never full");
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await readBytes(socket, sent + 10_000);
      await users.noted(2);
      assertEquals(users.calls, ["1 receives", "1 drained"]);
      socket.destroy();
    });
  });

  test("a paused line receives nothing, and receives everything after resume()", async () => {
    await listening(async ({ path }, users) => {
      let received = 0;
      users.onReceive = (line, { length }) => {
        received += length;
        if (users.calls.length === 1) line.pause();
        if (received === 500_000) line.write(bytes("all"));
      };
      const socket = await open(path);
      const written = write(socket, new Uint8Array(500_000));
      await users.noted(1);
      await new Promise((resolve) => setTimeout(resolve, 0));
      assertEquals(users.calls, ["1 receives"]);
      users.lines[0]?.resume();
      await written;
      await readBytes(socket, 3);
      socket.destroy();
    });
  });

  test("close() sends what was written before, and causes no call", async () => {
    await listening(async ({ path }, users) => {
      users.onReceive = (line) => {
        line.write(new Uint8Array(50_000));
        line.close();
        line.close();
      };
      const socket = await open(path);
      await write(socket, bytes("x"));
      await readBytes(socket, 50_000);
      await closed(socket);
      assertEquals(users.calls, ["1 receives"]);
    });
  });

  test("closed() is called if the client disconnects without reading", async () => {
    await listening(async ({ path }, users) => {
      const socket = await open(path);
      users.onReceive = (line) => {
        while (line.write(new Uint8Array(10_000)));
        line.pause();
        socket.destroy();
      };
      await write(socket, bytes("x"));
      await users.noted(2);
      assertEquals(users.calls, ["1 receives", "1 closed"]);
    });
  });
});

describe("a listener", () => {
  test("close() ends all connections and removes the socket, and may be called again", async () => {
    await listening(async (listener, users, directory) => {
      const socket = await open(listener.path);
      await write(socket, bytes("x"));
      await readBytes(socket, 1);
      const end = closed(socket);
      await Promise.all([listener.close(), listener.close()]);
      await listener.close();
      await end;
      await users.noted(2);
      assertEquals([users.calls.at(-1), existsSync(listener.path), readdirSync(directory)], ["1 closed", false, []]);
    });
  });

  test("close() leaves the socket of another listener at its path", async () => {
    await listening(async (listener, _users, directory) => {
      const other = await listen(join(directory, "other"), new Users().serve);
      renameSync(other.path, listener.path);
      const { ino } = lstatSync(listener.path);
      await listener.close();
      assertEquals(lstatSync(listener.path).ino, ino);
      (await open(listener.path)).destroy();
      await other.close();
    });
  });

  test("close() succeeds if the socket file no longer exists", async () => {
    await listening(async (listener, _users, directory) => {
      renameSync(listener.path, join(directory, "moved"));
      await listener.close();
      assertEquals(readdirSync(directory), ["moved"]);
    });
  });
});
