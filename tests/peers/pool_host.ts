// A host of its own, as a process that uses a pool over SFTP: `pool_host.ts upload|hold LOCATION CACHE BYTE [ROUNDS|SKEW]`.

import process from "node:process";
import { setTimeout } from "node:timers";
import { Hosts, parseLocation, TransferOps } from "../../src/pools/mod.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { putState } from "../pools/put_state.ts";

const [action, location = "", cache = "", byte = "", number = ""] = process.argv.slice(2);
const hosts = new Hosts({ command: () => ["/usr/lib/openssh/sftp-server"] });
const MAX_DELAY = 2 ** 31 - 1;

if (action === "upload") {
  await using ops = new TransferOps(cache, hosts);
  for (let round = 1; round <= Number(number); round++) {
    const bytes = new Uint8Array(round * 1000).fill(Number(byte));
    await putState(cache, "clean", null, { "clean.one": bytes, "clean.two": bytes });
    await ops.upload({ location, object: "guest", state: "clean" });
  }
  console.log("uploaded");
} else {
  const Real = Date;
  // The clock of this host is wrong.
  globalThis.Date = class extends Real {
    constructor() {
      super(Real.now() + Number(number));
    }
  } as DateConstructor;
  const states = hosts.states(parseLocation(location));
  await takeLock(states.files, states.lockPath("guest", "clean"), {
    operation: "set",
    object: "guest",
    state: "clean",
  });
  const part = await states.files.openPart("guest/.clean.one.0123456789abcdef.part");
  await part.write(new Uint8Array(1000), 0);
  console.log("holds the lock");
  setTimeout(() => {}, MAX_DELAY);
}
