// Opening a transport by its address or by a search, and the errors of both.

import { chmodSync, existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { ConnectionError } from "../../src/transport/errors.ts";
import { openBlocking } from "../../src/blocking/open.ts";
import { openTransport } from "../../src/transport/open.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { withEnvironment } from "../support/environment.ts";
import { asNobody } from "../support/nobody.ts";
import { inDirectory, withListener } from "../support/socket.ts";

const hasDevice = ["/dev/xen/xenbus", "/proc/xen/xenbus", "/dev/xen/xenstore", "/kern/xen/xenbus"].some(existsSync);

/** Creates a stale socket file. */
async function staleSocket(directory: string): Promise<string> {
  const [bound, stale] = [join(directory, "bound"), join(directory, "stale")];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(bound, resolve));
  // The server removes only the file with its own name.
  renameSync(bound, stale);
  await new Promise((resolve) => server.close(resolve));
  return stale;
}

async function failure(address: string): Promise<ConnectionError> {
  return await assertRejects(() => openTransport(address), ConnectionError, `cannot connect to ${address}: `);
}

describe("openTransport()", () => {
  test("openTransport() opens a socket, and resolves with its address", async () => {
    await withListener(async ({ path }) => {
      const { transport, address } = await openTransport(`unix:${path}`);
      assertEquals(address, `unix:${path}`);
      assertEquals(transport.traits, { payloadMax: 4096, shared: false });
      await transport.close();
    });
  });

  test("openTransport() rejects with ENOENT if the socket does not exist", async () => {
    await inDirectory(async (directory) => {
      assertEquals((await failure(`unix:${join(directory, "none")}`)).code, "ENOENT");
    });
  });

  test("openTransport() rejects with ECONNREFUSED if the socket is stale", async () => {
    await inDirectory(async (directory) => {
      const error = await failure(`unix:${await staleSocket(directory)}`);
      assertEquals([error.code, error.errno], ["ECONNREFUSED", 111]);
      assertStringIncludes(error.message, ": Connection refused (ECONNREFUSED); no daemon listens on this socket");
    });
  });

  test("openTransport() rejects with ECONNREFUSED if the file is not a socket", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, "");
      assertEquals((await failure(`unix:${path}`)).code, "ECONNREFUSED");
    });
  });

  test("openTransport() rejects with the system's code for every fault of a path, as a blocking handle does", async () => {
    await inDirectory(async (directory) => {
      const at = (name: string) => join(directory, name);
      writeFileSync(at("file"), "");
      symlinkSync("loop", at("loop"));
      mkdirSync(at("directory"));
      const faults = {
        [at("none")]: "ENOENT",
        [at("file/socket")]: "ENOTDIR",
        [at("loop")]: "ELOOP",
        [at("file")]: "ECONNREFUSED",
        [at("directory")]: "ECONNREFUSED",
        [await staleSocket(directory)]: "ECONNREFUSED",
      };
      for (const [path, code] of Object.entries(faults)) {
        const error = await failure(`unix:${path}`);
        assertEquals([path, error.code], [path, code]);
        assertStringIncludes(error.message, `(${code})`);
        const blocking = assertThrows(() => openBlocking(`unix:${path}`), ConnectionError);
        assertEquals([blocking.code, blocking.message], [error.code, error.message]);
      }
    });
  });

  test("openTransport() rejects with EACCES if the user may not use the socket", async () => {
    await withListener(async ({ path }) => {
      chmodSync(path, 0);
      const error = await asNobody(() => failure(`unix:${path}`));
      assertEquals(error.code, "EACCES");
      const reason = "Permission denied (EACCES); the socket of a store belongs to root of domain 0";
      assertEquals(error.message, `cannot connect to unix:${path}: ${reason}`);
      const blocking = await asNobody(() => Promise.resolve(assertThrows(() => openBlocking(`unix:${path}`), Error)));
      assertEquals(blocking.message, error.message);
    });
  });

  test("openTransport() accepts a path of 107 bytes, and rejects one of 108 bytes with EINVAL", async () => {
    await inDirectory(async (directory) => {
      const longest = join(directory, "x".repeat(107 - directory.length - 1));
      assertEquals((await failure(`unix:${longest}`)).code, "ENOENT");
      const error = await failure(`unix:${longest}x`);
      assertEquals(error.code, "EINVAL");
      assertStringIncludes(error.message, "108 bytes");
      const inBytes = join(directory, "é".repeat(Math.ceil((107 - directory.length) / 2)));
      assertEquals((await failure(`unix:${inBytes}`)).code, "EINVAL");
    });
  });

  test("openTransport() rejects a path with a NUL with EINVAL, which would name an abstract socket or a cut path", async () => {
    await inDirectory(async (directory) => {
      const file = join(directory, "file");
      writeFileSync(file, "");
      for (const path of ["\0name", `${file}\0`, `${file}\0name`]) {
        for (const kind of ["unix", "xenbus"]) {
          const error = await assertRejects(() => openTransport(`${kind}:${path}`), ConnectionError);
          assertEquals(error.code, "EINVAL");
          const shown = path.replace("\0", "\\0");
          assertEquals(
            error.message,
            `cannot connect to ${kind}:${shown}: the path contains a NUL: Invalid argument (EINVAL)`,
          );
          const blocking = assertThrows(() => openBlocking(`${kind}:${path}`), ConnectionError);
          assertEquals([blocking.code, blocking.message], [error.code, error.message]);
        }
      }
    });
  });

  test("openTransport() rejects an invalid address with a TypeError", async () => {
    await assertRejects(() => openTransport("elsewhere"), TypeError, "invalid address");
  });

  test("openTransport() without an address opens XENSTORED_PATH", async () => {
    await withListener(async ({ path }) => {
      await withEnvironment({ XENSTORED_PATH: path }, async () => {
        const { transport, address } = await openTransport(undefined);
        assertEquals(address, `unix:${path}`);
        await transport.close();
      });
    });
  });

  test("openTransport() tries only XENSTORED_PATH if it is set", async () => {
    await withEnvironment({ XENSTORED_PATH: "/nowhere/at/all" }, async () => {
      const error = await assertRejects(() => openTransport(undefined), ConnectionError);
      assertEquals(
        error.message,
        "cannot connect to unix:/nowhere/at/all: No such file or directory (ENOENT); XENSTORED_PATH names this address",
      );
      assertEquals([error.code, error.attempts], ["ENOENT", []]);
      assertEquals(codeOf(error.cause), "ENOENT");
    });
  });

  test("openTransport() without an address opens the socket in XENSTORED_RUNDIR", async () => {
    await withListener(async ({ path }) => {
      const directory = path.slice(0, path.lastIndexOf("/"));
      await withEnvironment({ XENSTORED_RUNDIR: directory }, async () => {
        const { transport, address } = await openTransport(undefined);
        assertEquals(address, `unix:${directory}/socket`);
        await transport.close();
      });
    });
  });

  test(
    "openTransport() lists all attempts if none succeeds, with the code of the last",
    { skip: hasDevice },
    async () => {
      await inDirectory(async (directory) => {
        mkdirSync(join(directory, "socket"));
        await withEnvironment({ XENSTORED_RUNDIR: directory }, async () => {
          const error = await assertRejects(() => openTransport(undefined), ConnectionError);
          const lines = error.message.split("\n");
          assertEquals(lines.at(0), "no XenStore found:");
          assertStringIncludes(lines[1] ?? "", `  unix:${directory}/socket: `);
          for (const line of lines.slice(2, -1)) {
            assert(/^ {2}xenbus:\S+: No such file or directory \(ENOENT\)$/.test(line), line);
          }
          assertEquals(lines.at(-1), '  if this machine has no Xen, use connect("embedded:")');
          assertEquals(error.code, "ENOENT");
          assertEquals(error.attempts.length, lines.length - 2);
          for (const attempt of error.attempts) {
            assertInstanceOf(attempt, ConnectionError);
            assertEquals(codeOf(attempt.cause), attempt.code);
          }
        });
      });
    },
  );

  test("openTransport() opens nothing and rejects with the reason if its signal is aborted", async () => {
    await withListener(async ({ path }) => {
      const signal = AbortSignal.abort(new RangeError("enough"));
      for (const address of [`unix:${path}`, `xenbus:${path}`, "unix:/nowhere/at/all"]) {
        await assertRejects(() => openTransport(address, { signal }), RangeError, "enough");
      }
      await withEnvironment({ XENSTORED_RUNDIR: "/nowhere" }, async () => {
        await assertRejects(() => openTransport(undefined, { signal }), RangeError, "enough");
      });
    });
  });
});
