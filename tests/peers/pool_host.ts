// A host of its own, as a process that uses a pool over SFTP: `pool_host.ts upload|push|hold LOCATION CACHE BYTE NUMBER`.

import process from "node:process";
import { setTimeout } from "node:timers";
import { createInterface } from "node:readline";
import { connect } from "../../mod.ts";
import {
  Hosts,
  LocalStates,
  parseLocation,
  PoolStates,
  pushStates,
  SourcedStates,
  TransferOps,
} from "../../src/pools/mod.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { putState } from "../pools/put_state.ts";
import { Value } from "../pools/value.ts";

const [action, location = "", cache = "", byte = "", number = "", sshConfig] = process.argv.slice(2);
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
} else if (action === "push") {
  // Each line of the input is the number of a state that is pushed.
  await using store = await connect("embedded:");
  await store.write("/guest", byte);
  const remote = new Hosts({ sshConfig });
  const own = new LocalStates({ directory: cache, parts: () => [new Value(store)] });
  const states = new PoolStates({ own: own.states, pool: remote.states(parseLocation(location)) });
  const place = { gateway: "", host: "", path: cache, sharedPath: "" };
  const backend = new SourcedStates({ own, place, mirrors: [{ ...place, host: "pool", states }] });
  for await (const round of createInterface({ input: process.stdin })) {
    const outcome = await pushStates(backend, [{ object: "guest", state: `s${round}` }])
      .then(() => "done", (error: unknown) => error instanceof Error ? error.name : "failed");
    console.log(`${round} ${outcome}`);
  }
  await remote.close();
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
