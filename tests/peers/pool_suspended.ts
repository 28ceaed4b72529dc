// A process that sets a state and is suspended in it: `pool_suspended.ts POOL CONTENT STEP`. STEP is a method of files.

import process from "node:process";
import { connect } from "../../mod.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { LocalStates, setStates } from "../../src/pools/mod.ts";
import { Value } from "../pools/value.ts";

const [directory = "", content = "", step] = process.argv.slice(2);
const lock = { times: { heartbeat: 250, stale: 2000, poll: 20 } };
let isSuspended = false;

/** Suspends this process before the step of a commit, once. */
const suspend = (path: string, end: string): void => {
  if (isSuspended || !path.endsWith(end)) return;
  isSuspended = true;
  process.kill(process.pid, "SIGSTOP");
};
const { createPart, rename } = LocalFiles.prototype;
if (step === "createPart") {
  LocalFiles.prototype.createPart = function (path) {
    suspend(path, ".commit.part");
    return createPart.call(this, path);
  };
} else {
  LocalFiles.prototype.rename = function (from, to) {
    suspend(to, ".commit");
    return rename.call(this, from, to);
  };
}

await using store = await connect("embedded:");
await store.write("/guest", content);
const states = new LocalStates({ directory, parts: () => [new Value(store)], lock });
const outcome = await setStates(states, [{ object: "guest", state: "clean" }])
  .then(() => "done", (error: unknown) => error instanceof Error ? `${error.name}: ${error.message}` : "failed");
console.log(outcome);
