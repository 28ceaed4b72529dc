// `wait`: waits until a node exists, or has a value.

import { codeOf } from "../wire/system_errors.ts";
import { byteString } from "./bytes.ts";
import type { Context } from "./context.ts";
import { escapeText, unescapeText } from "./escape.ts";
import { Failure, reasonOf } from "./invocation.ts";
import { millisecondsOf } from "./numbers.ts";
import { ownArgumentsOf, type Syntax } from "./own_arguments.ts";
import { TIMEOUT_STATUS } from "./patience.ts";

const syntax: Syntax = {
  options: [{ letter: "t", long: "timeout", hasArgument: true }],
  usage: "[-h] [-t SECONDS] key [value]",
  operands: [1, 2],
  status: 1,
};
/** The errors of a node that may appear later. */
const later: ReadonlyMap<string | undefined, string> = new Map([
  ["ENOENT", "does not exist"],
  ["EACCES", "may not be read"],
]);

/** Resolves with 0 when the node exists or has the value, and with {@linkcode TIMEOUT_STATUS} after the time limit. */
export async function wait(context: Context): Promise<number> {
  const { options, operands: [key = "", typed] } = ownArgumentsOf(context, syntax);
  const seconds = options.get("t");
  const limit = seconds === undefined ? null : millisecondsOf(seconds, "--timeout");
  const expected = typed === undefined ? null : byteString(unescapeText(typed));
  const expiry = new Expiry(limit);
  let state = "was not read, because the store did not answer,";
  const waiting = waited(context, key, expected, (now) => state = now);
  const status = await Promise.race([waiting, expiry.passed]).finally(() => expiry.cancel());
  if (status === TIMEOUT_STATUS) context.warn(`${escapeText(key)} ${state} after ${seconds} s`);
  return status;
}

/**
 * Resolves with 0 when the node has the expected value, or any value if that is `null`. `report` is called with words
 * for the state of the node after each look.
 */
async function waited(
  context: Context,
  key: string,
  expected: string | null,
  report: (state: string) => void,
): Promise<0> {
  const session = await context.connect();
  const looks = new Looks();
  try {
    await session.watch(key, null, () => looks.wake());
  } catch (error) {
    throw new Failure(`cannot watch ${escapeText(key)}: ${reasonOf(error)}`);
  }
  const lost = session.ended.then((error) => {
    throw new Failure(error.message);
  });
  for (;;) {
    await Promise.race([looks.next(), lost]);
    try {
      const value = byteString(await session.read(key));
      if (expected === null || value === expected) return 0;
      report("has another value");
    } catch (error) {
      const state = later.get(codeOf(error));
      if (state === undefined) throw new Failure(`cannot read ${escapeText(key)}: ${reasonOf(error)}`);
      report(state);
    }
  }
}

/** Says when to look at the node: once for all events that came since the last look. */
class Looks {
  #isDue = false;
  #wake: () => void = () => {};

  /** Makes the next look due. */
  wake(): void {
    this.#isDue = true;
    this.#wake();
  }

  /** Resolves when a look is due. */
  async next(): Promise<void> {
    if (!this.#isDue) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#isDue = false;
  }
}

/** A time limit, or none. */
class Expiry {
  /** Resolves after the limit. */
  readonly passed: Promise<typeof TIMEOUT_STATUS>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number | null) {
    this.passed = new Promise((resolve) => {
      if (milliseconds !== null) this.#timer = setTimeout(() => resolve(TIMEOUT_STATUS), milliseconds);
    });
  }

  /** Stops the time, so that it does not keep the process alive. */
  cancel(): void {
    clearTimeout(this.#timer);
  }
}
