// Two hosts that change one state of a pool at the same time, over SFTP and with a real sshd, and as two processes.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { Hosts } from "../../src/pools/mod.ts";
import { raceSuite } from "../pools/races.ts";
import { commandOf } from "../support/program.ts";
import { type Sshd, startSshd } from "./sshd.ts";

const ROUNDS = 20;
const hostFile = fileURLToPath(new URL("pool_host.ts", import.meta.url));

raceSuite(
  "a host over SFTP",
  () => new Hosts({ command: () => ["/usr/lib/openssh/sftp-server"] }),
  (directory) => `ssh://other${directory}`,
);

describe("with a real sshd", () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await startSshd();
  });
  after(() => sshd.stop());

  raceSuite(
    "a host that runs sshd",
    () => new Hosts({ sshConfig: sshd.configure("usual") }),
    (directory) => `ssh://${sshd.user}@127.0.0.1:${sshd.port}${directory}`,
  );

  test("two processes that push the same new states to one pool never both succeed", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tsxs-races-"));
    const sshConfig = sshd.configure("processes");
    const location = `ssh://${sshd.user}@127.0.0.1:${sshd.port}${join(directory, "pool")}`;
    const hosts = ["one", "two"].map((name) => {
      const [executable = "", ...rest] = commandOf(hostFile);
      const words = [...rest, "push", location, join(directory, name), name, "", sshConfig];
      const child = spawn(executable, words, { stdio: ["pipe", "pipe", "inherit"] });
      const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      return {
        /** Pushes the state of a round, and resolves with the outcome. */
        push: async (round: number): Promise<unknown> => {
          child.stdin.write(`${round}\n`);
          return (await lines.next()).value;
        },
        end: async (): Promise<void> => {
          child.stdin.end();
          await ended;
        },
      };
    });
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const outcomes = await Promise.all(hosts.map(({ push }) => push(round)));
        assertEquals(outcomes.toSorted(), [`${round} StateAbortError`, `${round} done`]);
        const winner = outcomes[0] === `${round} done` ? "one" : "two";
        assertEquals(await readFile(join(directory, `pool/guest/s${round}.value`), "utf8"), winner);
      }
    } finally {
      for (const { end } of hosts) await end();
      await rm(directory, { recursive: true });
    }
  });
});
