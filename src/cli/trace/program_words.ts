// The words of a program as the runtimes take them, also if they are not UTF-8.

import { bytesOf } from "../bytes.ts";

const REPLACED_END = "x";

/**
 * Returns the words of a program as text.
 *
 * The runtimes pass arguments in UTF-8 alone. For other bytes, a shell makes the words, and the program replaces it.
 */
export function programWords(words: readonly string[]): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return words.map((word) => decoder.decode(bytesOf(word)));
  } catch {
    const names = words.map((_, i) => `w${i}`);
    // The end of a word stays: a shell removes line ends from the end of what it substitutes.
    const set = words.map((word, i) => `w${i}=$(printf '${octal(word)}${REPLACED_END}');`);
    const use = names.map((name) => `"\${${name}%${REPLACED_END}}"`);
    return ["/bin/sh", "-c", `${set.join(" ")} exec ${use.join(" ")}`];
  }
}

function octal(word: string): string {
  let text = "";
  for (const byte of bytesOf(word)) text += `\\${byte.toString(8).padStart(3, "0")}`;
  return text;
}
