// requestShutdown(): what counts as acknowledged, what the guest promises, and what stays written after a timeout.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import {
  type Domain,
  listDomains,
  type ShutdownKind,
  ShutdownTimeoutError,
  ShutdownUnsupportedError,
} from "../../src/domains/mod.ts";
import { endDomain, makeDomain, someDomain } from "../support/domains.ts";

const FIVE = someDomain(5);
const NODE = "/local/domain/5/control/shutdown";
const kinds: readonly ShutdownKind[] = ["poweroff", "reboot", "suspend", "halt"];

interface Run extends AsyncDisposable {
  readonly client: Client;
  readonly domain: Domain;
  /** Lets the guest act once it sees a request. */
  guest(act: (client: Client) => Promise<void>): Promise<void>;
}

async function start(nodes: Readonly<Record<string, string>> = {}): Promise<Run> {
  const client = await connect(new Daemon().connect());
  await makeDomain(client, FIVE);
  for (const [name, value] of Object.entries(nodes)) await client.write(`/local/domain/5/control/${name}`, value);
  const [domain] = await listDomains(client);
  assert(domain !== undefined);
  return {
    client,
    domain,
    guest: async (act) => {
      await client.waitFor(NODE, (value) => value !== null && value.length > 0);
      await act(client);
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

describe("requestShutdown()", () => {
  for (const kind of kinds) {
    for (
      const [name, act] of [
        ["writes an empty value", (client: Client) => client.write(NODE, "")],
        ["removes the node", (client: Client) => client.delete(NODE)],
      ] as const
    ) {
      test(`a guest acknowledges ${kind} if it ${name}`, async () => {
        await using run = await start();
        const guest = run.guest(act);
        const { kind: acknowledged } = await run.domain.requestShutdown(kind);
        assertEquals(acknowledged, kind);
        await guest;
      });
    }
  }

  test("a guest acknowledges a suspend by any other value", async () => {
    await using run = await start();
    const guest = run.guest((client) => client.write(NODE, "suspending"));
    await run.domain.requestShutdown("suspend");
    await guest;
  });

  for (const kind of ["poweroff", "reboot", "halt"] as const) {
    test(`a guest does not acknowledge ${kind} by another value, and the request counts as late`, async () => {
      await using run = await start();
      const guest = run.guest((client) => client.write(NODE, "soon"));
      await assertRejects(() => run.domain.requestShutdown(kind, { timeout: 20 }), ShutdownTimeoutError);
      await guest;
    });
  }

  for (const kind of kinds) {
    test(`the feature "0" refuses ${kind} without a request`, async () => {
      await using run = await start({ [`feature-${kind}`]: "0" });
      const error = await assertRejects(() => run.domain.requestShutdown(kind), ShutdownUnsupportedError, kind);
      assertEquals(error.kind, kind);
      assertEquals(await run.client.readText(NODE), "");
    });
  }

  for (const [value, isPromised] of [["1", true], ["", false], ["yes", false]] as const) {
    test(`the feature ${JSON.stringify(value)} ${isPromised ? "promises" : "does not promise"} a shutdown`, async () => {
      await using run = await start({ "feature-suspend": value });
      const guest = run.guest((client) => client.write(NODE, ""));
      assertEquals(await run.domain.requestShutdown("suspend"), { kind: "suspend", isPromised });
      await guest;
    });
  }

  for (const kind of ["poweroff", "reboot", "halt"] as const) {
    test(`${kind} stays written after a timeout, and the error says so`, async () => {
      await using run = await start({ [`feature-${kind}`]: "1" });
      const error = await assertRejects(
        () => run.domain.requestShutdown(kind, { timeout: 5 }),
        ShutdownTimeoutError,
        "stays written",
      );
      const { code, timeout, isPromised, isWithdrawn } = error;
      assertEquals({ code, timeout, isPromised, isWithdrawn, kind: error.kind }, {
        code: "ETIMEDOUT",
        timeout: 5,
        isPromised: true,
        isWithdrawn: false,
        kind,
      });
      assertEquals(await run.client.readText(NODE), kind);
    });
  }

  test("a suspend is withdrawn after a timeout, and the error says so", async () => {
    await using run = await start();
    const call = () => run.domain.requestShutdown("suspend", { timeout: 5 });
    const error = await assertRejects(call, ShutdownTimeoutError, "withdrawn");
    assertEquals([error.isWithdrawn, error.isPromised], [true, false]);
    assert(error.message.includes("had not promised"), error.message);
    assertEquals(await run.client.readText(NODE), "");
  });

  test("a timeout of 0 gives up immediately", async () => {
    await using run = await start();
    await assertRejects(() => run.domain.requestShutdown("suspend", { timeout: 0 }), ShutdownTimeoutError);
    assertEquals(await run.client.readText(NODE), "");
  });

  test("an abort ends the wait with its reason, and a suspend is withdrawn", async () => {
    await using run = await start();
    const controller = new AbortController();
    const guest = run.guest(() => Promise.resolve(controller.abort(new Error("enough"))));
    const call = () => run.domain.requestShutdown("suspend", { signal: controller.signal });
    await assertRejects(call, Error, "enough");
    await guest;
    await run.client.waitFor(NODE, (value) => value?.length === 0);
  });

  test("an abort leaves a poweroff written", async () => {
    await using run = await start();
    const controller = new AbortController();
    const guest = run.guest(() => Promise.resolve(controller.abort(new Error("enough"))));
    const call = () => run.domain.requestShutdown("poweroff", { signal: controller.signal });
    await assertRejects(call, Error, "enough");
    await guest;
    assertEquals(await run.client.readText(NODE), "poweroff");
  });

  test("the end of the domain acknowledges a request", async () => {
    await using run = await start();
    const guest = run.guest((client) => endDomain(client, FIVE));
    await run.domain.requestShutdown("poweroff");
    await guest;
    assertEquals((await run.domain.waitForEnd()).type, "ended");
  });

  test("an unknown kind is a TypeError that names the known ones, and nothing is written", async () => {
    await using run = await start();
    const call = () => run.domain.requestShutdown("explode" as ShutdownKind);
    await assertRejects(call, TypeError, '"poweroff"');
    assertEquals(await run.client.readText(NODE), "");
  });

  for (const timeout of [-1, 1.5, Infinity]) {
    test(`a timeout of ${timeout} is a RangeError`, async () => {
      await using run = await start();
      await assertRejects(() => run.domain.requestShutdown("halt", { timeout }), RangeError, "timeout");
    });
  }
});
