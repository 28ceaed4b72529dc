// Pools of another host, with a real sshd: logins, keys, a host that vanishes, and a connection that is cut at any byte.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { partPath } from "../../src/pools/copy.ts";
import { digestOf } from "../../src/pools/digest.ts";
import { Hosts } from "../../src/pools/hosts.ts";
import { parseLocation } from "../../src/pools/location.ts";
import { RemoteError } from "../../src/pools/sftp/errors.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { transferChain, verifyState } from "../../src/pools/transfer.ts";
import { TransfersError } from "../../src/pools/transfer_all.ts";
import { TransferOps } from "../../src/pools/transfer_ops.ts";
import { putState } from "../pools/put_state.ts";
import { type Sshd, startSshd } from "./sshd.ts";

const context = { operation: "set", object: "guest", state: "clean" };
const SIZE = 300_000;

describe("a pool of another host, with a real sshd", () => {
  let directory = "";
  let sshd: Sshd;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"));
    sshd = await startSshd();
    await put(join(directory, "cache"));
  });
  after(async () => {
    await sshd.stop();
    await rm(directory, { recursive: true });
  });

  /** Puts a state into a directory. */
  async function put(path: string): Promise<void> {
    const bytes = Uint8Array.from({ length: SIZE }, (_, i) => i % 251 + 1);
    const digest = await digestOf([bytes]);
    const file = { path: "clean.tree", ...digest };
    const part = join(path, partPath(join("guest", file.path), digest));
    await mkdir(dirname(part), { recursive: true });
    await writeFile(part, bytes);
    await StateFiles.local(path).commit({ object: "guest", state: "clean", parent: null, files: [file] });
  }

  const statesAt = (hosts: Hosts, name: string, port = sshd.port): StateFiles =>
    hosts.states(parseLocation(`ssh://${sshd.user}@127.0.0.1:${port}${join(directory, name)}`));
  const cache = (): StateFiles => StateFiles.local(join(directory, "cache"));
  const sent = (name: string): Promise<Uint8Array> => readFile(join(directory, name, "guest/clean.tree"));

  test("takes a state and gives it back, over one connection", async () => {
    const hosts = new Hosts({ sshConfig: sshd.configure("usual") });
    const pool = statesAt(hosts, 'pool\'s "$(touch x)" ü');
    await transferChain(cache(), pool, context);
    assertEquals(await pool.states("guest"), ["clean"]);
    await transferChain(pool, StateFiles.local(join(directory, "back")), context);
    assert(Buffer.from(await sent("back")).equals(await sent("cache")));
    await hosts.close();
  });

  test("whose key is another one is not trusted", async () => {
    const hosts = new Hosts({ sshConfig: sshd.configure("stranger", { known: "stranger" }) });
    const error = await assertRejects(() => statesAt(hosts, "pool").states("guest"), RemoteError);
    assertEquals([error.fault, error.host], ["hostKey", "127.0.0.1"]);
  });

  test("whose key is not known is not trusted", async () => {
    const hosts = new Hosts({ sshConfig: sshd.configure("unknown", { port: 1 }) });
    const error = await assertRejects(() => statesAt(hosts, "pool").states("guest"), RemoteError);
    assertEquals(error.fault, "hostKey");
  });

  test("that refuses the login is a typed error", async () => {
    const hosts = new Hosts({ sshConfig: sshd.configure("login", { login: "stranger" }) });
    const error = await assertRejects(() => statesAt(hosts, "pool").states("guest"), RemoteError, "refused the login");
    assertEquals(error.fault, "login");
  });

  test("that does not listen is a typed error", async () => {
    const hosts = new Hosts({ sshConfig: sshd.configure("usual") });
    const error = await assertRejects(() => statesAt(hosts, "pool", 1).states("guest"), RemoteError);
    assertEquals(error.fault, "unreachable");
  });

  test("that vanishes rejects the operations, and the next one connects again", async () => {
    const hosts = new Hosts({ sshConfig: sshd.configure("usual") });
    const pool = statesAt(hosts, "pool");
    assertEquals(await pool.states("nothing"), []);
    sshd.cut();
    const error = await assertRejects(async () => {
      for (;;) await pool.states("nothing");
    }, RemoteError);
    assertEquals(error.fault, "lost");
    assertEquals(await pool.states("nothing"), []);
    await hosts.close();
  });

  test("that vanishes while many states arrive has each of them whole or not at all, and takes the rest later", async () => {
    const sources = join(directory, "many");
    const names = Array.from({ length: 40 }, (_, i) => `s${i}`);
    for (const state of names) {
      await putState(sources, state, null, { [`${state}.tree`]: new TextEncoder().encode(state) });
    }
    const hosts = new Hosts({ sshConfig: sshd.configure("usual") });
    let isCut = false;
    const ops = new TransferOps(sources, hosts, {
      onProgress: ({ position }) => {
        if (isCut || position === 0) return;
        isCut = true;
        sshd.cut();
      },
    });
    const location = `ssh://${sshd.user}@127.0.0.1:${sshd.port}${join(directory, "many-to")}`;
    const error = await assertRejects(() => ops.uploadAll({ location, object: "guest" }), TransfersError);
    assert(error.failures.every((failure) => failure.error instanceof RemoteError), error.message);
    const arrived = StateFiles.local(join(directory, "many-to"));
    for (const state of await arrived.states("guest")) {
      const manifest = await arrived.manifest("guest", state);
      assert(manifest !== null);
      // A commit that was cut is finished by the next process that has the lock.
      const hasCommit = (await readdir(join(directory, "many-to/guest"))).includes(`.${state}.commit`);
      if (!hasCommit) await verifyState(arrived, manifest);
    }
    // The locks of the vanished connections are stale later.
    const next = new TransferOps(sources, hosts, { lock: { times: { heartbeat: 500, stale: 5000, poll: 20 } } });
    await next.uploadAll({ location, object: "guest" });
    assertEquals(await arrived.states("guest"), names.toSorted());
    for (const state of names) {
      const manifest = await arrived.manifest("guest", state);
      assert(manifest !== null);
      await verifyState(arrived, manifest);
    }
    await hosts.close();
  });

  test("whose connection is cut at any byte keeps no half state, and takes the rest later", async () => {
    for (const limit of [1000, 4000, 6000, 20_000, 100_000, 250_000, SIZE, SIZE + 5000]) {
      const name = `cut${limit}`;
      const proxy = await cutting(sshd.port, limit);
      const sshConfig = sshd.configure("cut", { port: proxy.port });
      const hosts = new Hosts({ sshConfig });
      const pool = statesAt(hosts, name, proxy.port);
      const outcome = await transferChain(cache(), pool, context, { lock: null }).catch((error: unknown) => error);
      assert(outcome instanceof RemoteError, `after ${limit} bytes: ${outcome}`);
      const names = await readdir(join(directory, name), { recursive: true }).catch(() => []);
      assert(!names.some((found) => found.endsWith("clean.tree") || found.endsWith("clean.state")), names.join(" "));
      proxy.limit(Infinity);
      await transferChain(cache(), pool, context, { lock: null });
      assert(Buffer.from(await sent(name)).equals(await sent("cache")));
      await hosts.close();
      await proxy.close();
    }
  });
});

interface Proxy {
  readonly port: number;
  limit(bytes: number): void;
  close(): Promise<void>;
}

/** Forwards connections to a port, and cuts each after so many bytes from the client. */
async function cutting(target: number, bytes: number): Promise<Proxy> {
  let limit = bytes;
  const server: Server = createServer((client: Socket) => {
    const other = connect(target, "127.0.0.1");
    let left = limit;
    const end = (): void => {
      client.destroy();
      other.destroy();
    };
    client.on("data", (piece) => {
      other.write(piece.subarray(0, left));
      left -= piece.length;
      if (left < 0) end();
    });
    other.on("data", (piece) => client.write(piece));
    for (const socket of [client, other]) socket.on("close", end).on("error", end);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    limit: (more) => void (limit = more),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
