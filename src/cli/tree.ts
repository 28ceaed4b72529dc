// `tree`: draws the tree below nodes, with values, and with permissions by the names of domains if `-p` is given.

import { codeOf } from "../wire/system_errors.ts";
import { byteString, utf8Of } from "./bytes.ts";
import type { Context } from "./context.ts";
import { escapeBytes, escapeText } from "./escape.ts";
import { Failure, type Invocation, reasonOf } from "./invocation.ts";
import { isUtf8 } from "./locale.ts";
import { atoi } from "./numbers.ts";
import { Printer } from "./printer.ts";
import type { Session } from "./session.ts";
import { type Content, type Found, TreeReader } from "../checkpoints/tree_reader.ts";
import { argumentsOf } from "./usage.ts";
import type { Work } from "./silent_progress.ts";

/** The lines before a node and before the nodes below it. All have the same width. */
interface Lines {
  readonly branch: string;
  readonly lastBranch: string;
  readonly trunk: string;
  readonly gap: string;
}

const drawn: Lines = { branch: "├── ", lastBranch: "└── ", trunk: "│   ", gap: "    " };
const plain: Lines = { branch: "|-- ", lastBranch: "`-- ", trunk: "|   ", gap: "    " };
const ELLIPSIS = "\\...";

/** A node, with the lines before the nodes below it. */
interface Placed {
  readonly found: Found;
  readonly lead: string;
  readonly isLast: boolean;
}

/** Draws the tree below each node, or below the root without one. Resolves with 1 if a node cannot be read. */
export async function tree(context: Context): Promise<number> {
  const { options, operands } = argumentsOf(context, "tree");
  const levels = options.get("d");
  const session = await context.connect();
  const drawing = new Drawing(
    context.invocation,
    session,
    options.has("p"),
    levels === undefined ? Infinity : atoi(levels),
  );
  const progress = await context.progress();
  try {
    for (const top of operands.length === 0 ? ["/"] : operands) {
      const work = progress.start("tree");
      await drawing.add(top, work);
      work.done();
    }
  } finally {
    drawing.flush();
  }
  return drawing.isComplete ? 0 : 1;
}

/** Draws trees, line by line. */
class Drawing {
  /** Whether every node could be read. */
  isComplete = true;
  readonly #session: Session;
  readonly #hasPermissions: boolean;
  readonly #levels: number;
  readonly #lines: Lines;
  readonly #width: number;
  readonly #printer: Printer;
  /** The names of domains by their number. */
  readonly #names = new Map<string, string>();

  constructor(invocation: Invocation, session: Session, hasPermissions: boolean, levels: number) {
    this.#session = session;
    this.#hasPermissions = hasPermissions;
    this.#levels = levels;
    this.#lines = isUtf8(invocation) ? drawn : plain;
    this.#width = invocation.columns() || Infinity;
    this.#printer = new Printer(invocation);
  }

  /** Draws a tree. Throws a {@linkcode Failure} if its top cannot be listed. */
  async add(top: string, work: Work): Promise<void> {
    const reader = new TreeReader(this.#session, this.#hasPermissions, this.#levels);
    const children = await reader.start(top).catch((error: unknown) => {
      throw new Failure(`cannot list ${top}: ${reasonOf(error)}`);
    });
    this.#printer.print(`${top}\n`);
    const stack = placed(children, "");
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const { found, lead, isLast } = at;
      const content = await reader.take(found);
      reader.report(work);
      this.#line(lead + (isLast ? this.#lines.lastBranch : this.#lines.branch), await this.#text(found, content));
      if ("value" in content.children) {
        stack.push(...placed(content.children.value, lead + (isLast ? this.#lines.gap : this.#lines.trunk)));
      }
    }
  }

  /** Writes what was not written yet. */
  flush(): void {
    this.#printer.flush();
  }

  /** Prints a line, cut to the width of the terminal. */
  #line(lead: string, text: string): void {
    const room = this.#width - lead.length;
    const cut = text.length <= room ? text : text.slice(0, Math.max(room - ELLIPSIS.length, 0)) + ELLIPSIS;
    this.#printer.print(`${utf8Of(lead)}${cut}\n`);
  }

  async #text({ name }: Found, { value, permissions, children }: Content): Promise<string> {
    let text = escapeText(name);
    if ("value" in value) text += value.value.length === 0 ? "" : ` = "${escapeBytes(value.value)}"`;
    else text += this.#missing("value", value.error);
    if (permissions !== null) {
      text += "value" in permissions
        ? `  (${(await Promise.all(permissions.value.map((one) => this.#permission(one)))).join(", ")})`
        : this.#missing("permissions", permissions.error);
    }
    return "value" in children ? text : text + this.#missing("children", children.error);
  }

  /** Returns the words for what cannot be read. A node that vanished after it was listed is no failure. */
  #missing(what: string, error: unknown): string {
    if (codeOf(error) !== "ENOENT") this.isComplete = false;
    return ` [no ${what}: ${reasonOf(error)}]`;
  }

  /** Returns a permission with the name of its domain: `r5 guest`. */
  async #permission(permission: string): Promise<string> {
    const domid = permission.slice(1);
    let name = this.#names.get(domid);
    if (name === undefined) {
      const value = await this.#session.read(`/local/domain/${domid}/name`).catch(() => null);
      name = value === null ? "" : ` ${escapeText(byteString(value))}`;
      this.#names.set(domid, name);
    }
    return escapeText(permission) + name;
  }
}

/** Returns nodes as they are pushed on a stack: the last one first. */
function placed(children: readonly Found[], lead: string): Placed[] {
  return children.map((found, i): Placed => ({ found, lead, isLast: i === children.length - 1 })).reverse();
}
