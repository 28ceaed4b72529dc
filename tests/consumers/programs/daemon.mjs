// A daemon on the socket that the argument names, until the standard input ends.

import { Daemon } from "tsxs/daemon";

const daemon = new Daemon();
await daemon.listen(process.argv[2]);
console.log("listening");
process.stdin.resume().on("end", () => process.exit());
