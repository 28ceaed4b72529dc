// The contract over the real XenBus device and over domain 0's socket. run.ts boots this suite.

import process from "node:process";
import { fileURLToPath } from "node:url";
import { connect } from "../../mod.ts";
import { endingsContract, runnerOf } from "../contract/endings.ts";
import type { Store } from "../contract/store.ts";
import { contract } from "../contract/suite.ts";

const place = process.env.TSXS_XEN;
if (place !== "dom0" && place !== "guest") {
  throw new Error(`TSXS_XEN is ${place}: expected "dom0" or "guest"`);
}
const inDom0 = place === "dom0";
const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const device = "xenbus:/dev/xen/xenbus";

function store(
  name: string,
  address: string | undefined,
  isDevice: boolean,
): Store {
  return {
    name: `${place}, ${name}`,
    // The path in a guest is relative to its home, in which the guest may write to `data`.
    base: `${inDom0 ? "/tool" : "data"}/tsxs-${runtime}`,
    privileged: inDom0,
    device: isDevice,
    listsAll: inDom0,
    tellsMissing: false,
    valueMax: inDom0 ? 4096 : 2000,
    nodesMax: inDom0 ? 100_000 : 900,
    many: 100,
    open: () =>
      Promise.resolve({
        connect: (options) => connect(address, options),
        connectOther: () => connect(address),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
}

// A guest finds the device without an address, and domain 0 finds its socket.
contract(store("device", inDom0 ? device : undefined, true));
if (inDom0) contract(store("socket", undefined, false));
endingsContract(
  `${place}, device`,
  runnerOf(fileURLToPath(new URL("./ending.mjs", import.meta.url))),
  (use) => use(device),
);
