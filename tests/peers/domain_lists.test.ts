// Lists of domains on the real daemons: thousands of domains, and domains that come and go in another process.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connect } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Domain, DomainFlag, listDomains } from "../../src/domains/mod.ts";
import { makeDomain, makeDomains, someDomain, uuidFor } from "../support/domains.ts";
import { timeout } from "../support/limits.ts";
import { commandOf } from "../support/program.ts";
import { startOxenstored, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { makeDirectory } from "./process.ts";

const MANY = 5000;
/**
 * How many of them are introduced. xenstored looks at the ring of each introduced domain once a request, which takes it
 * a millisecond for 5,000. The homes of the others look like those of domains that have ended.
 */
const INTRODUCED = Number(process.env.TSXS_INTRODUCED ?? 500);
/** How many lists are taken while domains come and go. */
const LISTS = Number(process.env.TSXS_LISTS ?? 1000);

/** The domains that stay, and the numbers of those that come and go. */
const [STANDING, NUMBERS] = [8, 6];

interface Store extends AsyncDisposable {
  readonly socket: string;
}

async function startEmbedded(): Promise<Store> {
  const daemon = new Daemon();
  const directory = makeDirectory();
  const socket = `${directory}/socket`;
  await daemon.listen(socket);
  return {
    socket,
    [Symbol.asyncDispose]: async () => {
      await daemon.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const daemons: Readonly<Record<string, () => Promise<Store>>> = {
  "the embedded daemon": startEmbedded,
  xenstored: startXenstored,
  oxenstored: startOxenstored,
};

/** A process in which domains come and go, with `count` numbers from `first`. */
async function startComingAndGoing(socket: string, first: number, count: number) {
  const file = fileURLToPath(new URL("./coming_and_going.ts", import.meta.url));
  const [executable = "", ...args] = commandOf(file);
  const child = spawn(executable, [...args, socket, `${first}`, `${count}`], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assertEquals(await lines.next(), { done: false, value: "the first" });
  return {
    /** Ends the process. Resolves with the number of domains that it made. */
    stop: async () => {
      child.stdin.end();
      const { value } = await lines.next();
      assertEquals(await closed, [0, null]);
      return Number(value);
    },
  };
}

/** Fails if a field of a listed domain is not that of the domain that its name says. */
function checkConsistent(domains: readonly Domain[]): void {
  for (const field of ["id", "name", "uuid"] as const) {
    assertEquals(new Set(domains.map((domain) => domain[field])).size, domains.length, `each ${field} is listed once`);
  }
  for (const domain of domains) {
    const serial = Number(/^guest-(\d+)$/.exec(domain.name ?? "")?.[1]);
    const { id, uuid, type, memory, maxMemory, virtualCpus, maxVirtualCpus, console, devices } = domain;
    const vif = `/local/domain/${id}/device/vif/0`;
    assertEquals({ uuid, type, memory, maxMemory, virtualCpus, maxVirtualCpus, console, devices }, {
      uuid: uuidFor(serial),
      type: "pv",
      memory: 1024 + serial,
      maxMemory: 2 * (1024 + serial),
      virtualCpus: 1,
      maxVirtualCpus: 2,
      console: { type: "xenconsoled", tty: `/dev/pts/${id}`, vncPort: null },
      devices: [{
        kind: "vif",
        id: "0",
        frontend: { path: vif, domid: id, state: 4 },
        backend: { path: `/local/domain/0/backend/vif/${id}/0`, domid: 0, state: 4 },
      }],
    });
  }
}

withPeers("domains are listed whole", () => {
  describe("thousands of domains", () => {
    for (const [name, start] of Object.entries(daemons)) {
      test(`listDomains() lists ${MANY} domains of ${name}`, { timeout: 4 * timeout }, async () => {
        await using store = await start();
        await using client = await connect(`unix:${store.socket}`);
        const made = Array.from({ length: MANY }, (_, i) => someDomain(i + 1));
        const introduced = name === "xenstored" ? INTRODUCED : MANY;
        await makeDomains(client, made, introduced);
        const listed = await listDomains(client, { flags: DomainFlag.active });
        assertEquals(listed.map(({ id, name, uuid, memory }) => ({ id, name, uuid, memory })), made);
        assertEquals(listed.filter(({ reason }) => reason === "introduced").length, introduced);
        assertEquals(listed.filter(({ devices }) => devices.length === 1).length, MANY / 100);
      });
    }
  });

  describe("domains that come and go in another process", () => {
    for (const name of ["the embedded daemon", "xenstored"]) {
      test(`none of ${LISTS} lists of ${name} is inconsistent`, { timeout: 4 * timeout }, async () => {
        await using store = await daemons[name]?.() ?? await startXenstored();
        await using client = await connect(`unix:${store.socket}`);
        const standing = Array.from({ length: STANDING }, (_, i) => someDomain(i + 1));
        for (const domain of standing) await makeDomain(client, domain);
        const other = await startComingAndGoing(store.socket, STANDING + 1, NUMBERS);
        const memberships = new Set<string>();
        for (let i = 0; i < LISTS; i++) {
          const domains = await listDomains(client);
          checkConsistent(domains);
          assertEquals(domains.slice(0, STANDING).map(({ name }) => name), standing.map(({ name }) => name));
          memberships.add(domains.map(({ name }) => name).join());
        }
        const made = await other.stop();
        // The other process did not stand still.
        assert(memberships.size > 10 && made > 10, `${memberships.size} memberships of ${made} domains`);
      });
    }
  });
});
