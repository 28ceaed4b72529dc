// The protections of the shell of the command.

import type { Protection } from "../protection.ts";

/** The protections of the shell of the command. */
export const shell: readonly Protection[] = [
  {
    name: "a NUL in a word of the shell",
    file: "src/cli/shell/words.ts",
    remove: 'if (reader.text.includes("\\0")) return',
    instead: "if (false) return",
    testFile: "tests/cli/shell/words.test.ts",
    test: "refuses what only a real shell does, and a NUL",
  },
  {
    name: "the end of a command's watches in the shell",
    file: "src/cli/lease.ts",
    remove: "if (operation === Operation.WATCH) this",
    instead: "if (false) this",
    testFile: "tests/cli/shell.test.ts",
    test: "leaves no watch and no transaction of one command to the next",
  },
  {
    name: "the mode of an older history",
    file: "src/cli/shell/history.ts",
    remove: "if ((fstatSync(descriptor).mode & 0o777) !== MODE) fchmodSync(descriptor, MODE);",
    instead: "",
    testFile: "tests/cli/shell/history.test.ts",
    test: "takes the access of others from a file that others could read",
  },
  {
    name: "the bound of the history's file",
    file: "src/cli/shell/history.ts",
    remove: "if (this.#count > LINES_MAX) this.#rewrite(file);",
    instead: "",
    testFile: "tests/cli/shell/history.test.ts",
    test: "is bounded in memory and in the file, also through a link, and leaves no other file",
  },
  {
    name: "the text of an event as an argument of a script",
    file: "src/cli/shell/handlers.ts",
    remove: "return [escaped(event.text)];",
    instead: "return [event.text];",
    testFile: "tests/cli/shell.test.ts",
    test: "every class is delivered to its script, with its payload and its name, and is waited for",
  },
];
