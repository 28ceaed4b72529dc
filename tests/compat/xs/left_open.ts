// Opens a handle and does not close it. Argument: the transport, or "" for the default.

import process from "node:process";
import { type BlockingKind, xs } from "../../../compat/xs.ts";

const h = xs({ transport: (process.argv[2] || undefined) as BlockingKind | undefined });
h.write("0", "/left", "open");
h.watch("/left", null);
console.log(h.transport, h.read("0", "/left"), h.read_watch()[0]);
