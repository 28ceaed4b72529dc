// The blocking transports that this runtime can open from TypeScript.

import process from "node:process";
import type { BlockingKind } from "../../src/blocking/transport.ts";

/** The transport that this runtime chooses for a socket. */
export const ownKind: BlockingKind = "Deno" in globalThis || "Bun" in globalThis ? "ffi" : "descriptor";
/** On Node 20 a worker cannot load TypeScript while its parent waits: there, it is tested as it is built. */
export const kinds: readonly BlockingKind[] = process.versions.node.startsWith("20.") && ownKind === "descriptor"
  ? [ownKind]
  : [ownKind, "worker"];
