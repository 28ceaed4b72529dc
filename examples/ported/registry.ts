// Hands out numbers to names: each name gets one, once, however many programs ask at a time.
// Usage: registry.ts NAME...

import process from "node:process";
import { Error as XsError, xs } from "tsxs/xs";

const BASE = "/tool/registry";

function number_of(h: xs, name: string): number {
  while (true) {
    const t = h.transaction_start();
    let number: number;
    try {
      const known = h.read(t, `${BASE}/names/${name}`);
      if (known !== null) {
        h.transaction_end(t, 1);
        return Number(known);
      }
      number = Number(h.read(t, BASE + "/next") || 1);
      h.write(t, `${BASE}/names/${name}`, String(number));
      h.write(t, BASE + "/next", String(number + 1));
    } catch (e) {
      if (e instanceof XsError) h.transaction_end(t, { abort: 1 });
      throw e;
    }
    if (h.transaction_end(t)) {
      return number;
    }
  }
}

const h = xs();
try {
  h.mkdir("0", BASE);
  h.set_permissions("0", BASE, [{ "dom": 0 }, { "dom": 7, "read": 1 }]);
  for (const name of process.argv.slice(2)) {
    try {
      console.log(`${name} has ${number_of(h, name)}`);
    } catch (e) {
      if (!(e instanceof XsError)) throw e;
      console.log(`${name} has none: ${e.args[0]} ${e.args[1]}`);
    }
  }
  for (const perm of h.get_permissions("0", BASE)) {
    console.log(`domain ${perm["dom"]} may read: ${perm["read"]}, write: ${perm["write"]}`);
  }
  console.log(`names: ${(h.ls("0", BASE + "/names") || []).sort().join(", ")}`);
} finally {
  h.close();
}
