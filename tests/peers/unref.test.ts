// unref() and ref() over the stand-in for the XenBus device, on a real daemon.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { connect } from "../../mod.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";
import { startXenbus, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const module = JSON.stringify(new URL("../../mod.ts", import.meta.url).href);

const programs: Readonly<Record<string, string>> = {
  "ends although its client is open": `
    const store = await connect(address);
    const monitor = store.monitor();
    await monitor.watch("/tool");
    store.unref();
    console.log("ends");`,
  "ends although its client is open, which was unref()ed before it connected": `
    const store = new Client(address);
    store.unref();
    const alive = setInterval(() => {}, 1000);
    await store.connect();
    await store.read("/");
    clearInterval(alive);
    console.log("ends");`,
  "gets replies and events while something else keeps it alive": `
    const store = await connect(address);
    const other = await connect(address);
    store.unref();
    const monitor = store.monitor();
    await monitor.watch("/tool/unref");
    await store.read("/tool");
    for await (const _event of monitor) {
      if ((await store.readText("/tool/unref", { default: "" })) === "1") break;
      await other.write("/tool/unref", "1");
    }
    await other.close();
    console.log("ends");`,
  "goes on after ref()": `
    const store = await connect(address);
    const monitor = store.monitor();
    store.unref();
    await store.read("/");
    store.ref();
    await monitor.watch("/tool/ref");
    for await (const _event of monitor) {
      if (await store.exists("/tool/ref")) break;
      setTimeout(() => void store.write("/tool/ref", "1"), 0).unref?.();
      await store.read("/");
    }
    await store.close();
    console.log("ends");`,
};

withPeers("a program whose client over the device has been unref()ed", () => {
  for (const [what, code] of Object.entries(programs)) {
    test(what, async () => {
      await using daemon = await startXenstored();
      await using device = await startXenbus(daemon.socket);
      await using store = await connect(`unix:${daemon.socket}`);
      await store.mkdir("/tool");
      await inDirectory(async (directory) => {
        const file = join(directory, "program.mts");
        const address = `const address = ${JSON.stringify(`xenbus:${device.path}`)};\n`;
        writeFileSync(file, `import { Client, connect } from ${module};\n${address}${code}`);
        const { code: status, stdout, stderr } = await runCommand(commandOf(file));
        assertEquals([status, stdout.trim(), stderr], [0, "ends", ""]);
      });
    });
  }
});
