// Prints the stack of an error of each entry, one after another.

import { connect } from "tsxs";
import { Daemon } from "tsxs/daemon";
import { Client } from "tsxs/pyxs";
import { xs } from "tsxs/xs";

const store = await connect("embedded:");
const failures = [
  () => store.read("no//path"),
  () => new Daemon({ quotas: { nodes: -1 } }),
  () => new Client({ unix_socket_path: "/nonexistent/socket" }).connect(),
  () => xs({ address: "nowhere" }),
];
for (const fail of failures) {
  try {
    await fail();
    throw new Error("nothing was thrown");
  } catch (error) {
    console.log(error.stack, error.cause?.stack ?? "", "\n--");
  }
}
await store.close();
