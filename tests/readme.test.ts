// Follows the README's instructions as a new user of Deno.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { Daemon } from "../src/daemon/mod.ts";
import { startRegistry } from "./support/jsr.ts";
import { runCommand } from "./support/program.ts";
import { inDirectory } from "./support/socket.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const deno = join(root, "node_modules", ".bin", "deno");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The command and the example of the README for Deno. */
function instructions(): { command: readonly string[]; example: string } {
  const [, command = "", example = ""] = /`(deno add [^`]+)`.*?^```ts\n(.*?)^```$/ms.exec(readme) ?? [];
  return { command: command.split(" ").slice(1), example };
}

describe("the README for Deno", { skip: !existsSync(deno), timeout: 120_000 }, () => {
  test("after the README's command, its example and the other entry points run unchanged on Deno", async () => {
    await inDirectory(async (directory) => {
      const { command, example } = instructions();
      assert(command.length === 2 && example.includes("connect()"), `${command}: ${example}`);
      await using registry = await startRegistry();
      await using daemon = new Daemon();
      const socket = join(directory, "socket");
      await daemon.listen(socket);
      const others = ["checkpoints", "daemon", "domains", "pools", "pyxs", "xs"].map((entry) =>
        `import "tsxs/${entry}";\n`
      );
      writeFileSync(join(directory, "main.ts"), others.join("") + example);

      const variables = {
        JSR_URL: registry.url,
        DENO_DIR: join(directory, "cache"),
        DENO_NO_UPDATE_CHECK: "1",
        NO_COLOR: "1",
        XENSTORED_PATH: socket,
      };
      // Deno treats the working directory as the project.
      const inProject = (args: readonly string[]) =>
        runCommand(["sh", "-c", 'cd "$0" && exec "$@"', directory, deno, ...args], variables);
      const added = await inProject(command);
      assertEquals(added.code, 0, added.stderr);
      const ran = await inProject(["run", "--quiet", "-A", "main.ts"]);
      assertEquals([ran.code, ran.stderr], [0, ""]);
      assertEquals(ran.stdout, 'Deno [ "name" ]\n1\n');
    });
  });
});
