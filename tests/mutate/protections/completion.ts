// The protections of the completion in shells.

import type { Protection } from "../protection.ts";

/** The protections of the completion in shells. */
export const completion: readonly Protection[] = [
  {
    name: "names that would harm a terminal",
    file: "src/cli/completion/nodes.ts",
    remove: "path.startsWith(typed) && isTypeable(path)",
    instead: "path.startsWith(typed)",
    testFile: "tests/cli/completion.test.ts",
    test: "a name with other bytes than printable ASCII is no completion",
  },
  {
    name: "the requests of one completion",
    file: "src/cli/completion/nodes.ts",
    remove: "if (paths.length > LOOKED_INTO) return paths;",
    instead: "",
    testFile: "tests/cli/completion.test.ts",
    test: "a directory of many nodes is completed without a request for each of them",
  },
  {
    name: "the characters of a name that bash would take as its own",
    file: "src/cli/completion/shell_line.ts",
    remove: 'return text.replace(/[^\\w@%+=:,./-]/g, "\\\\$&");',
    instead: "return text;",
    testFile: "tests/cli/completion/shell_line.test.ts",
    test: "each character that the shell knows is quoted as the open quotes need it",
  },
  {
    name: "the end of single quotes in a name",
    file: "src/cli/completion/shell_line.ts",
    remove: `return text.replaceAll("'", "'\\\\''");`,
    instead: "return text;",
    testFile: "tests/cli/completion/shell_line.test.ts",
    test: "each character that the shell knows is quoted as the open quotes need it",
  },
  {
    name: "the history of bash between double quotes",
    file: "src/cli/completion/shell_line.ts",
    remove: 'text.includes("!") ? null : text.replace',
    instead: "text.replace",
    testFile: "tests/cli/completion/shell_line.test.ts",
    test: "an exclamation mark cannot stand between double quotes",
  },
  {
    name: "the line that bash evaluated",
    file: "src/cli/completion/scripts.ts",
    remove: `'out=$(eval "$requestComp" 2>/dev/null)\\n'`,
    instead: "'requestComp=\"$requestComp ''\"\\n'",
    testFile: "tests/cli/completion.test.ts",
    test: "the script for bash asks the command, and evaluates no text",
  },
];
