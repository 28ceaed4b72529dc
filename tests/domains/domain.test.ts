// The methods of a domain: its nodes, and what becomes of them after its end.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Client, connect, InvalidPathError, XenStoreError } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Domain, DomainEndedError, listDomains } from "../../src/domains/mod.ts";
import { endDomain, makeDomain, someDomain } from "../support/domains.ts";

const FIVE = someDomain(5);

async function listed(client: Client): Promise<Domain> {
  const [domain] = await listDomains(client);
  if (domain === undefined) throw new Error("no domain is listed");
  return domain;
}

/** A store with domain 5, and the domain as it was listed. */
async function withDomain(): Promise<{ client: Client; domain: Domain } & AsyncDisposable> {
  const client = await connect(new Daemon().connect());
  await makeDomain(client, FIVE);
  return { client, domain: await listed(client), [Symbol.asyncDispose]: () => client.close() };
}

describe("the nodes of a domain", () => {
  test("read(), readText(), write() and list() use paths below the home", async () => {
    await using run = await withDomain();
    const { client, domain } = run;
    await domain.write("data/greeting", "hello");
    assertEquals(await client.readText("/local/domain/5/data/greeting"), "hello");
    assertEquals(await domain.readText("data/greeting"), "hello");
    assertEquals(await domain.read("data/greeting"), new TextEncoder().encode("hello"));
    assertEquals(await domain.list("data"), ["greeting"]);
    assertEquals((await domain.list()).includes("data"), true);
  });

  for (const path of ["/local/domain/6/name", "@releaseDomain"]) {
    test(`a path that is not relative, as ${path}, is an InvalidPathError`, async () => {
      await using run = await withDomain();
      await assertRejects(() => run.domain.read(path), InvalidPathError, "not relative");
      await assertRejects(() => run.domain.write(path, "x"), InvalidPathError, "not relative");
      await assertRejects(() => run.domain.list(path), InvalidPathError, "not relative");
    });
  }

  test("a missing node of a living domain is ENOENT, and no DomainEndedError", async () => {
    await using run = await withDomain();
    const error = await assertRejects(() => run.domain.read("data/missing"), XenStoreError, "ENOENT");
    assertEquals(error instanceof DomainEndedError, false);
  });

  const methods: Readonly<Record<string, (domain: Domain) => Promise<unknown>>> = {
    read: (domain) => domain.read("name"),
    readText: (domain) => domain.readText("name"),
    write: (domain) => domain.write("data/greeting", "hello"),
    list: (domain) => domain.list(),
    requestShutdown: (domain) => domain.requestShutdown("poweroff"),
  };
  for (const [name, call] of Object.entries(methods)) {
    test(`${name}() fails with a DomainEndedError after the end of the domain`, async () => {
      await using run = await withDomain();
      await endDomain(run.client, FIVE);
      const error = await assertRejects(() => call(run.domain), DomainEndedError, 'domain 5 "guest-5" has ended');
      assertEquals(error.code, "ENOENT");
    });

    test(`${name}() fails with a DomainEndedError if another domain has the number, and leaves that domain alone`, async () => {
      await using run = await withDomain();
      const { client, domain } = run;
      await endDomain(client, FIVE);
      await makeDomain(client, someDomain(5, 99));
      await assertRejects(() => call(domain), DomainEndedError, "has ended");
      assertEquals(await client.exists("/local/domain/5/data/greeting"), false);
      assertEquals(await client.readText("/local/domain/5/control/shutdown"), "");
    });
  }

  test("the fields of a domain stay after its end", async () => {
    await using run = await withDomain();
    await endDomain(run.client, FIVE);
    assertEquals([run.domain.id, run.domain.name, run.domain.isActive], [5, "guest-5", true]);
  });

  test("an aborted method rejects with the reason of its signal", async () => {
    await using run = await withDomain();
    const signal = AbortSignal.abort(new Error("enough"));
    await assertRejects(() => run.domain.read("name", { signal }), Error, "enough");
    await assertRejects(() => run.domain.write("data/a", "x", { signal }), Error, "enough");
    await assertRejects(() => run.domain.list("", { signal }), Error, "enough");
    await assertRejects(() => run.domain.waitForEnd({ signal }), Error, "enough");
    assertEquals(await run.client.exists("/local/domain/5/data/a"), false);
  });

  test("a domain without a node vm is the same as long as its home is there", async () => {
    await using client = await connect(new Daemon().connect());
    await client.write("/local/domain/5/name", "web");
    await client.introduceDomain(5, 1, 1);
    const domain = await listed(client);
    await client.write("/local/domain/5/name", "renamed");
    assertEquals(await domain.readText("name"), "renamed");
    await client.delete("/local/domain/5");
    await assertRejects(() => domain.read("name"), DomainEndedError);
  });
});

describe("waitForEnd()", () => {
  test("waitForEnd() resolves when the store releases the domain", async () => {
    await using run = await withDomain();
    const end = run.domain.waitForEnd();
    await run.client.releaseDomain(5);
    assertEquals(await end, { type: "ended", id: null });
  });

  test("waitForEnd() resolves when the home of the domain is removed", async () => {
    await using run = await withDomain();
    const end = run.domain.waitForEnd();
    await run.client.delete("/local/domain/5");
    assertEquals(await end, { type: "ended", id: null });
  });

  test("waitForEnd() of a domain that has ended resolves without an event", async () => {
    await using run = await withDomain();
    await endDomain(run.client, FIVE);
    assertEquals(await run.domain.waitForEnd(), { type: "ended", id: null });
  });

  test("waitForEnd() does not resolve while only other domains end", async () => {
    await using run = await withDomain();
    const { client, domain } = run;
    let isOver = false;
    const end = domain.waitForEnd().finally(() => isOver = true);
    for (const id of [6, 7]) {
      await makeDomain(client, someDomain(id));
      await endDomain(client, someDomain(id));
    }
    assertEquals(isOver, false);
    await endDomain(client, FIVE);
    await end;
  });

  test("waitForEnd() reports a reboot that is there already as the new number of the same UUID", async () => {
    await using run = await withDomain();
    await endDomain(run.client, FIVE);
    await makeDomain(run.client, someDomain(8, 5));
    await makeDomain(run.client, someDomain(9));
    assertEquals(await run.domain.waitForEnd(), { type: "rebooted", id: 8 });
  });

  test("waitForEnd() waits for a reboot that this object requested", async () => {
    await using run = await withDomain();
    const { client, domain } = run;
    const guest = client.waitFor("/local/domain/5/control/shutdown", (value) => value?.length === 6)
      .then(() => client.write("/local/domain/5/control/shutdown", ""));
    assertEquals(await domain.requestShutdown("reboot"), { kind: "reboot", isPromised: false });
    await guest;
    const end = domain.waitForEnd();
    await endDomain(client, FIVE);
    await makeDomain(client, someDomain(6));
    await makeDomain(client, someDomain(7, 5));
    assertEquals(await end, { type: "rebooted", id: 7 });
  });

  test("waitForEnd() reports an end if no reboot comes within the given time", async () => {
    await using run = await withDomain();
    await endDomain(run.client, FIVE);
    assertEquals(await run.domain.waitForEnd({ rebootWithin: 5 }), { type: "ended", id: null });
  });

  for (const rebootWithin of [-1, 0.5, 2 ** 31, NaN]) {
    test(`waitForEnd() rejects a wait of ${rebootWithin} ms for a reboot`, async () => {
      await using run = await withDomain();
      await assertRejects(() => run.domain.waitForEnd({ rebootWithin }), RangeError, "rebootWithin");
    });
  }

  test("waitForEnd() rejects when the client is closed", async () => {
    await using run = await withDomain();
    const end = run.domain.waitForEnd();
    const rejected = assertRejects(() => end, XenStoreError);
    await run.client.readText("/local/domain/5/name");
    await run.client.close();
    await rejected;
  });
});
