// What the words in capitals of the help stand for.

/** What a word stands for. */
export type Meaning =
  /** The path of a node. */
  | { readonly type: "node" }
  /** The name of a file. */
  | { readonly type: "file" }
  /** The name of a subcommand. */
  | { readonly type: "subcommand" }
  /** One of these. The user goes on typing after one that ends with a colon. */
  | { readonly type: "choice"; readonly choices: readonly string[] }
  /** The address of a store. */
  | { readonly type: "address" }
  /** Anything else. */
  | { readonly type: "other" };

const [node, file, other] = (["node", "file", "other"] as const).map((type): Meaning => ({ type }));

/** The shells that the command completes in. */
export const shells = ["bash", "zsh", "fish"] as const;

/** The schemes of addresses. */
export const schemes = ["unix:", "xenbus:", "embedded:"] as const;

const meanings: ReadonlyMap<string, Meaning | undefined> = new Map([
  ["PATH", node],
  ["GLOB", node],
  ["FILE", file],
  ["PROGRAM", file],
  ["DUMP", file],
  ["SOCKET", file],
  ["DIRECTORY", file],
  ["SUBCOMMAND", { type: "subcommand" }],
  ["SHELL", { type: "choice", choices: shells }],
  ["WHEN", { type: "choice", choices: ["auto", "always", "never"] }],
  ["ADDRESS", { type: "address" }],
  ["ACTION", other],
  ["ARGUMENT", other],
  ["COMMAND", other],
  ["COUNT", other],
  ["DEPTH", other],
  ["DISK", other],
  ["DOMAIN", other],
  ["DOMID", other],
  ["GATEWAY", other],
  ["LETTERS", other],
  ["LOCATION", other],
  ["MODE", other],
  ["NAME", other],
  ["NR", other],
  ["OBJECT", other],
  ["OPTION", other],
  ["PATTERN", other],
  ["PERMISSION", other],
  ["SCOPES", other],
  ["SCRIPT", other],
  ["SECONDS", other],
  ["STATE", other],
  ["VALUE", other],
]);

/**
 * Returns what a word stands for. Words between bars, as in `list|save`, are a choice. Returns `null` if the table does
 * not have the word.
 */
export function meaningOf(word: string): Meaning | null {
  if (/^[a-z]/.test(word)) return { type: "choice", choices: word.split("|") };
  return meanings.get(word) ?? null;
}

/**
 * Returns the word for an operand in a usage such as `[-R] PATH VALUE [PATH VALUE...]`, or `null` if there can be no
 * such operand.
 */
export function operandWord(usage: string, index: number): string | null {
  const operands = usage.replace(/\[-[^\]]*\]|--[\w-]+ [A-Z]+|\[OPTION\.\.\.\]|\bOPTION\.\.\./g, "");
  const words: string[] = [];
  let repeated: readonly string[] = [];
  const group = /\[([A-Z]+(?: [A-Z]+)+)\.\.\.\]|([A-Z]+|[a-z-]+(?:\|[a-z-]+)*)(\.\.\.)?/g;
  for (const [, several, word, dots] of operands.matchAll(group)) {
    if (several !== undefined) repeated = several.split(" ");
    else if (word !== undefined) {
      words.push(word);
      if (dots !== undefined) repeated = [word];
    }
  }
  const after = index - words.length;
  return words[index] ?? (repeated.length === 0 ? null : repeated[after % repeated.length] ?? null);
}
