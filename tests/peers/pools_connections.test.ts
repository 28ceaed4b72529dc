// The connections by which many states are brought to another host, with OpenSSH's server on pipes as the other end.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Hosts, type HostsOptions, RemoteError, TransferOps } from "../../src/pools/mod.ts";
import { putState } from "../pools/put_state.ts";

const SERVER = ["/usr/lib/openssh/sftp-server"];

describe("the connections to another host", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-connections-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Brings so many states to a host. Resolves with the number of programs that were started, and the states there. */
  async function bring(
    count: number,
    options: HostsOptions,
    program: (started: number) => readonly string[],
  ): Promise<{ readonly started: number; readonly arrived: number }> {
    for (let i = 0; i < count; i++) {
      await putState(join(directory, "cache"), `s${i}`, null, { [`s${i}.tree`]: Uint8Array.of(i) });
    }
    let started = 0;
    const hosts = new Hosts({ ...options, command: () => program(++started) });
    await using ops = new TransferOps(join(directory, "cache"), hosts);
    const location = `ssh://other${join(directory, "pool")}`;
    try {
      await ops.uploadAll({ location, object: "guest" });
    } catch (error) {
      assertEquals(started, 1, "a host that cannot be used was tried again");
      throw error;
    }
    return { started, arrived: (await ops.list(location, "guest")).length };
  }

  test("are several if many states are brought", async () => {
    assertEquals(await bring(32, {}, () => SERVER), { started: 4, arrived: 32 });
  });

  test("are as few as the states need", async () => {
    assertEquals(await bring(3, {}, () => SERVER), { started: 1, arrived: 3 });
  });

  test("are no more than the option says", async () => {
    assertEquals(await bring(32, { connections: 1 }, () => SERVER), { started: 1, arrived: 32 });
    for (const connections of [0, -1, 1.5, NaN]) {
      assertThrows(() => new Hosts({ connections }), RangeError, "connections");
    }
  });

  test("may be refused but for the first one, which brings all states then", async () => {
    const refused = ["/bin/sh", "-c", "echo 'Connection refused' >&2; exit 255"];
    assertEquals(await bring(32, {}, (started) => started === 1 ? SERVER : refused), { started: 4, arrived: 32 });
  });

  test("are tried once if the host cannot be used, and the error says why", async () => {
    const denied = ["/bin/sh", "-c", "echo 'Permission denied (publickey).' >&2; exit 255"];
    const error = await assertRejects(() => bring(32, {}, () => denied), RemoteError);
    assertEquals(error.fault, "login");
  });
});
