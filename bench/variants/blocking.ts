// Calls of compat/xs.ts, one after another. Arguments: mode, count, count to warm up, transport, microseconds to spin.

import { type BlockingKind, xs } from "../../compat/xs.ts";
import { argument, report } from "./measure.ts";

const h = xs({ transport: argument(3) as BlockingKind, spin: Number(argument(4)) });

const modes: Readonly<Record<string, (count: number) => void>> = {
  read(count) {
    for (let i = 0; i < count; i++) h.read("", "/bench/value");
  },
  write(count) {
    for (let i = 0; i < count; i++) h.write("", "/bench/written", "hello");
  },
  transaction(count) {
    for (let i = 0; i < count; i++) h.transaction_end(h.transaction_start());
  },
  watch(count) {
    h.watch("/bench/watched", "token");
    h.read_watch();
    for (let i = 0; i < count; i++) h.write("", `/bench/watched/${i}`, "1");
    for (let i = 0; i < count; i++) h.read_watch();
    h.unwatch("/bench/watched", "token");
  },
};

const run = modes[argument(0)];
if (run === undefined) throw new Error(`no such mode: ${argument(0)}`);
const count = Number(argument(1));
run(Number(argument(2)));
const start = performance.now();
run(count);
report({ us: (performance.now() - start) * 1000 / count });
