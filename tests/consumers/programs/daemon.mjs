// A daemon on the socket of the argument, until the standard input ends.

import { Daemon } from "tsxs/daemon";

const daemon = new Daemon();
await daemon.listen(process.argv[2]);
console.log("listening");
process.stdin.resume().on("end", () => process.exit());
