// The protections of `trace`: memory, the terminal, and the bytes of hostile clients.

import type { Protection } from "../protection.ts";

/** The protections of `trace`. */
export const trace: readonly Protection[] = [
  {
    name: "the proxy of trace waits for a slow reader",
    file: "src/cli/trace/proxy.ts",
    remove: "if (isTaken) isTaken = await sink.write(chunk).then(() => true, () => false);",
    instead: "if (isTaken) void sink.write(chunk);",
    testFile: "tests/cli/trace/proxy.test.ts",
    test: "a direction reads nothing more before the other side has taken what was read",
  },
  {
    name: "the lines of trace are escaped",
    file: "src/cli/trace/text.ts",
    remove: "${escapeText(text).replaceAll",
    instead: "${text.replaceAll",
    testFile: "tests/cli/trace/record.test.ts",
    test: "nothing that a guest writes reaches a terminal unescaped, nor ends a string in the line",
  },
  {
    name: "a message of trace has a longest payload",
    file: "src/cli/trace/splitter.ts",
    remove: "if (!isFrame(header, this.#directoryMax)) {",
    instead: "if (!isFrame(header, Infinity)) {",
    testFile: "tests/cli/trace/splitter.test.ts",
    test: "a store may answer DIRECTORY with up to 4 MiB, and a client may not ask with more than 4096 bytes",
  },
  {
    name: "a trace is for its owner alone",
    file: "src/cli/host_node.ts",
    remove: ', "w", OWNER_ONLY)',
    instead: ', "w")',
    testFile: "tests/cli/trace/trace.test.ts",
    test: "the command creates the file of --out for its owner alone",
  },
];
