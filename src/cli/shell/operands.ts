// What the operands and the options of each command are, for their completion.

import { helps } from "../help_texts.ts";
import type { Operand, Option } from "./completion.ts";

/** What the operands of a command are, in their order. The last one stands for all that follow. */
const operands: Readonly<Record<string, readonly (Operand | null)[]>> = {
  read: ["path"],
  rm: ["path"],
  exists: ["path"],
  list: ["path"],
  ls: ["path"],
  tree: ["path"],
  chmod: ["path", null],
  watch: ["watchable"],
  wait: ["watchable", null],
  dump: ["path", null],
  find: ["path", null],
  stat: ["path", null],
  help: ["command"],
  event: [null, "class", null],
  "delete-event": ["handler", null],
};

/** Says what the operand of a command is, or `null` if there is nothing to complete. */
export function operandOf(command: string, index: number): Operand | null {
  // Paths and values take turns.
  if (command === "write") return index % 2 === 0 ? "path" : null;
  const known = operands[command] ?? [];
  return known[Math.min(index, known.length - 1)] ?? null;
}

/** The options of a command, as its help lists them. */
export function optionsOf(command: string): readonly Option[] {
  return (helps.get(command)?.options ?? []).flatMap(([left]) => {
    const names = left.match(/(?<![\w-])--?\w[\w-]*/g) ?? [];
    // The name of an argument is in capitals.
    const hasArgument = / [A-Z]+/.test(left);
    return names.map((name) => ({ name, hasArgument }));
  });
}
