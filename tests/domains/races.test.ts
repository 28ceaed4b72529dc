// Lists while domains come and go: what changes between two requests of one list.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Client } from "../../mod.ts";
import { countDomains, listDomains } from "../../src/domains/mod.ts";
import { someDomain } from "../support/domains.ts";
import { connected, type Received } from "../support/peer.ts";

/** A store of plain nodes, which runs a script before it answers a request for the nth time. */
class ScriptedStore {
  readonly nodes = new Map<string, string>();
  readonly introduced = new Set<string>();
  /** How often each request was made, by its operation and path. */
  readonly counts = new Map<string, number>();
  readonly #scripts = new Map<string, () => void>();

  /** Makes a domain of a number. The serial number tells its lives apart. */
  make(id: number, serial: number): void {
    const { name, uuid, memory } = someDomain(id, serial);
    const home = `/local/domain/${id}`;
    this.nodes.set(`${home}/vm`, `/vm/${uuid}`).set(`${home}/name`, name);
    this.nodes.set(`${home}/memory/target`, `${memory}`).set(`${home}/store/ring-ref`, "1");
    this.introduced.add(`${id}`);
  }

  end(id: number): void {
    const home = `/local/domain/${id}/`;
    for (const path of [...this.nodes.keys()]) if (path.startsWith(home)) this.nodes.delete(path);
    this.introduced.delete(`${id}`);
  }

  /** Runs a script before the nth answer to a request such as `"READ /local/domain/5/vm"`. */
  before(request: string, nth: number, script: () => void): void {
    this.#scripts.set(`${request} ${nth}`, script);
  }

  answer(request: Received): void {
    const [operation = ""] = request.text.split(" ");
    const key = `${operation} ${request.path}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    this.#scripts.get(`${key} ${count}`)?.();
    if (operation === "IS_DOMAIN_INTRODUCED") return request.reply(this.introduced.has(request.path) ? "T" : "F");
    if (operation === "DIRECTORY") {
      const below = [...this.nodes.keys()].filter((path) => path.startsWith(`${request.path}/`));
      if (below.length === 0) return request.error("ENOENT");
      const names = below.map((path) => path.slice(request.path.length + 1).split("/")[0] ?? "");
      return request.reply(...new Set(names));
    }
    const value = this.nodes.get(request.path);
    return value === undefined ? request.error("ENOENT") : request.reply(new TextEncoder().encode(value));
  }
}

async function scripted(): Promise<{ client: Client; store: ScriptedStore }> {
  const { client, peer } = await connected();
  const store = new ScriptedStore();
  peer.serve((request) => store.answer(request));
  return { client, store };
}

const VM = "READ /local/domain/5/vm";

async function fields(client: Client): Promise<unknown[]> {
  return (await listDomains(client)).map(({ id, name, memory }) => [id, name, memory]);
}

describe("a list while domains come and go", () => {
  test("a domain that ends after the membership was read is left out whole", async () => {
    const { client, store } = await scripted();
    for (const id of [5, 6]) store.make(id, id);
    store.before(VM, 1, () => store.end(5));
    assertEquals(await fields(client), [[6, "guest-6", 1030]]);
  });

  for (
    const at of ["READ /local/domain/5/name", "READ /local/domain/5/memory/target", "DIRECTORY /local/domain/5/cpu"]
  ) {
    test(`a domain that ends before the answer to ${at} is left out whole`, async () => {
      const { client, store } = await scripted();
      for (const id of [5, 6]) store.make(id, id);
      store.before(at, 1, () => store.end(5));
      assertEquals(await fields(client), [[6, "guest-6", 1030]]);
    });

    test(`a domain that gets the number of another before the answer to ${at} is listed with its own fields`, async () => {
      const { client, store } = await scripted();
      for (const id of [5, 6]) store.make(id, id);
      store.before(at, 1, () => store.make(5, 77));
      assertEquals(await fields(client), [[5, "guest-77", 1101], [6, "guest-6", 1030]]);
      assertEquals(store.counts.get(VM), 4);
    });
  }

  test("a number that passes on at every reading is given up after three, and the others are listed", async () => {
    const { client, store } = await scripted();
    for (const id of [5, 6]) store.make(id, id);
    for (let nth = 1; nth < 20; nth++) {
      store.before("READ /local/domain/5/name", nth, () => store.make(5, 100 + nth));
    }
    assertEquals(await fields(client), [[6, "guest-6", 1030]]);
    assertEquals(store.counts.get("READ /local/domain/5/name"), 3);
  });

  test("a domain that is introduced while its nodes are read is left out, for half of them were read before", async () => {
    const { client, store } = await scripted();
    store.nodes.set("/local/domain/5/vm", `/vm/${someDomain(5).uuid}`).set("/local/domain/5/name", "guest-5");
    // The memory is read before the toolstack writes it, and the ring afterwards.
    store.before("READ /local/domain/5/console/type", 1, () => store.make(5, 5));
    assertEquals(await fields(client), []);
  });

  test("a domain whose ring is written while its nodes are read, and that is introduced later, is left out", async () => {
    const { client, store } = await scripted();
    store.nodes.set("/local/domain/5/vm", `/vm/${someDomain(5).uuid}`).set("/local/domain/5/name", "guest-5");
    store.before("READ /local/domain/5/console/type", 1, () => {
      store.make(5, 5);
      store.introduced.delete("5");
    });
    assertEquals(await fields(client), []);
  });

  test("a domain that is half made at the end of the list as well is left out", async () => {
    const { client, store } = await scripted();
    store.nodes.set("/local/domain/5/vm", `/vm/${someDomain(5).uuid}`).set("/local/domain/5/name", "guest-5");
    assertEquals([await fields(client), await countDomains(client)], [[], 0]);
  });

  test("a domain that moves to a number that is read later is listed once", async () => {
    const { client, store } = await scripted();
    store.make(5, 5);
    store.make(6, 6);
    // Domain 5 has been read when it reboots: its number is now 6, which another domain had.
    store.before(VM, 3, () => store.end(5));
    store.before("READ /local/domain/6/name", 1, () => {
      store.end(6);
      store.make(6, 5);
    });
    assertEquals(await fields(client), [[6, "guest-5", 1029]]);
  });

  test("the membership comes from one reading of the directory", async () => {
    const { client, store } = await scripted();
    store.make(5, 5);
    store.before(VM, 1, () => store.make(9, 9));
    assertEquals(await fields(client), [[5, "guest-5", 1029]]);
    assertEquals(store.counts.get("DIRECTORY /local/domain"), 1);
  });

  test("a count reads no devices, consoles, processors or memory", async () => {
    const { client, store } = await scripted();
    for (const id of [5, 6, 7]) store.make(id, id);
    assertEquals(await countDomains(client), 3);
    const paths = [...store.counts.keys()];
    assertEquals(paths.filter((path) => /cpu|device|console|memory|libxl/.test(path)), []);
    assert(paths.length > 3);
  });
});
