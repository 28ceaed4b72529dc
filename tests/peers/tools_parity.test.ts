// The command and the xenstore-* tools of Debian do the same, byte for byte, on the same real store.

import { renameSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import { startOxenstored, startXenbus, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { groups, wordsOf } from "./tools/cases.ts";
import { type Result, withTools } from "./tools/command.ts";
import { differences, expected } from "./tools/differences.ts";

/** Removes all nodes, and makes those that the cases use. */
async function reset(store: Client): Promise<void> {
  for (const name of await store.list("/")) if (name !== "tool") await store.delete(`/${name}`);
  // Oxenstored lets domain 0 remove everything.
  await store.mkdir("/tool");
  for (const name of await store.list("/tool")) await store.delete(`/tool/${name}`);
  await store.setPerms("/", ["n0"]);
  await store.setPerms("/tool", ["n0"]);
  for (const [path, value] of [["xenstored", ""], ["t/a", "one"], ["t/b", ""], ["t/b/c", "x".repeat(100)]]) {
    await store.write(`/tool/${path}`, value ?? "");
  }
  // Oxenstored has no such command.
  await store.control(["quota", "set", "nodes", "1000"]).catch(() => {});
}

/** A process takes longer than a call in this process, so only some lines run as processes. */
const PROCESS_EVERY = 3;

withPeers("the command does what the tools do", () => {
  describe("the command beside the tools", () => {
    for (const start of [startXenstored, startOxenstored]) {
      const daemonName = start === startXenstored ? "xenstored" : "oxenstored";
      test(`the command does what the tools do in fixed cases on ${daemonName}, except for the table's differences`, () =>
        withTools(async ({ run, runInside }, store) => {
          const used = new Set<string>();
          for (const { name, lines } of groups) {
            await reset(store);
            const real: Result[] = [];
            for (const line of lines) real.push(await run("real", wordsOf(line)));
            await reset(store);
            for (const [i, line] of lines.entries()) {
              const words = wordsOf(line);
              const ours = await (i % PROCESS_EVERY === 0 ? run("ours", words) : runInside(words));
              assertEquals(ours, expected(words, real[i] ?? ours, used), `${name}: ${line}`);
            }
          }
          assertEquals(differences.map(({ name }) => name).filter((name) => !used.has(name)), [], "never occurred");
        }, start));
    }

    test("the command does what the tools do over the XenBus device", () =>
      withTools(async ({ run }, store, _directory, daemon) => {
        await using device = await startXenbus(daemon.socket);
        const variables = { XENSTORED_PATH: device.path };
        const lines = [
          "tsxs ls -fp /tool",
          "tsxs read /tool/t/a /tool/t/b",
          "tsxs write /tool/t/a new",
          "tsxs read -p /tool/t/a",
          "tsxs watch -n1 /tool/t",
          "tsxs rm -t /tool/t/b/c",
          "tsxs list /tool/t",
          "tsxs exists /n",
          "xenstore-control check",
        ];
        const results: Result[][] = [];
        for (const side of ["real", "ours"] as const) {
          await reset(store);
          const ended: Result[] = [];
          for (const line of lines) ended.push(await run(side, wordsOf(line), variables));
          results.push(ended);
        }
        const [real, ours] = results;
        assertEquals(ours, real);
      }));

    test("the command fails as the real tools do if it cannot reach a store", () =>
      withTools(async ({ run }, _store, directory) => {
        const dead = join(directory, "dead");
        await new Promise<void>((resolve) => {
          const server = createServer().listen(dead, () => {
            // The file of a socket stays if its name changes before the server closes it.
            renameSync(dead, `${dead}-socket`);
            server.close(() => resolve());
          });
        });
        for (const path of ["/nonexistent/socket", `${dead}-socket`]) {
          for (const words of [["tsxs", "read", "/tool"], ["xenstore-control", "check"]]) {
            const variables = { XENSTORED_PATH: path };
            assertEquals(
              await run("ours", words, variables),
              await run("real", words, variables),
              `${words} on ${path}`,
            );
          }
        }
      }));

    test("a guest sees the same errors of the command as of the real tools", () =>
      withTools(async ({ run }, store, _directory, daemon) => {
        await store.introduceDomain(5, 1, 1);
        for (const path of ["open", "open/secret", "open/secret/below"]) await store.write(`/tool/${path}`, path);
        await store.setPerms("/tool/open", ["r0"]);
        await store.setPerms("/tool/open/secret", ["n0"]);
        const variables = { XENSTORED_PATH: daemon.domainSocket(5) };
        for (
          const line of [
            "tsxs ls /tool/open",
            "tsxs ls -p /tool/open",
            "tsxs read /tool/open /tool/open/secret",
            "tsxs exists /tool/open/secret",
            "tsxs write /tool/open 1",
            "tsxs chmod /tool/open n5",
            "tsxs chmod -r /tool/open n5",
            "tsxs rm /tool/open",
            "tsxs list /tool/open/secret",
            "xenstore-control check",
          ]
        ) {
          const words = wordsOf(line);
          assertEquals(await run("ours", words, variables), await run("real", words, variables), line);
        }
      }));
  });
});
