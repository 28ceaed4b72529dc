// Does what a guest's agent does: waits to be told to shut down or to answer, says that it heard, and stops at "poweroff".
// Usage: shutdown.ts HOME

import process from "node:process";
import { xs } from "tsxs/xs";

class Control {
  readonly path: string;
  readonly answer: (value: string) => string | null;

  constructor(path: string, answer: (value: string) => string | null) {
    this.path = path, this.answer = answer;
  }
}

const home = process.argv[2] ?? "";
const h = xs();
const controls = [
  new Control(home + "/control/shutdown", (value) => value),
  new Control(home + "/control/ping", (_value) => null),
];
for (const control of controls) {
  h.watch(control.path, control);
}
h.write("0", home + "/control/feature-poweroff", "1");

let reason: string | null = null;
while (reason !== "poweroff") {
  const [path, token] = h.read_watch();
  const control = token as Control;
  const value = h.read("0", control.path);
  if (!value) {
    continue;
  }
  h.write("0", control.path, "");
  console.log(`${path.slice(home.length)}: ${value}`);
  reason = control.answer(value);
}

for (const control of controls) {
  h.unwatch(control.path, control);
}
h.rm("0", home + "/control/feature-poweroff");
h.close();
