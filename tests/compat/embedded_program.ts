// Uses embedded stores: two handles on one named store, and pyxs on its own store.

import { Error as XsError, xs } from "../../compat/xs.ts";
import { Client } from "../../compat/pyxs.ts";

const h = xs({ address: "embedded:one" });
const other = xs({ address: "embedded:one", values: "bytes" });
console.log(h.transport, h.address);
h.watch("/here", h);
console.log(h.read_watch()[1] === h);
for (let attempt = 1;; attempt++) {
  const t = h.transaction_start();
  h.read(t, "/here/a");
  if (attempt === 1) other.write("0", "/here/a", new Uint8Array([0xff]));
  h.write(t, "/here/b", `${attempt}`);
  if (h.transaction_end(t)) break;
}
console.log(h.read("0", "/here/b"), other.read("0", "/here/a")?.[0], h.ls("0", "/here"));
console.log(h.read_watch()[0], h.read_watch()[0], h.check_watch(), h.wait_watch(0.01));
try {
  h.mkdir("0", "//");
} catch (error) {
  console.log(error instanceof XsError && error.args[0]);
}
other.close();
console.log(h.get_permissions("0", "/here")[0]?.dom);
h.close();

using c = new Client({ address: "embedded:" });
console.log(c.exists("/here/a"));
c.write("/here/a", "1");
using m = c.monitor();
m.watch("/here", "token");
console.log(m.wait().next().value?.token, [...c.walk("/here")].length);
