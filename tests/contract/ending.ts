// Connects, and ends in the given way with the connection open or just closed: `ADDRESS WAY`.

import process from "node:process";
import { connect } from "../../mod.ts";

const [address, way] = process.argv.slice(2);
const client = await connect(address);
const monitor = client.monitor();
await monitor.watch("watched");
await monitor.wait().next();
console.log("connected");

switch (way) {
  case "close":
    await client.close();
    break;
  case "exit":
    process.exit(7);
    break;
  case "throw":
    throw new Error("thrown on purpose");
  case "kill":
    process.kill(process.pid, "SIGTERM");
    break;
  default:
    throw new Error(`no such way to end: ${way}`);
}
