// The policies of operations on states: two letters, one for a state that exists, and one for a state that is missing.

/** The letters of policies: abort, reuse, ignore, force. */
export type PolicyLetter = "a" | "r" | "i" | "f";

/** The operations with policies of their own. */
export type PolicyOperation = "check" | "get" | "set" | "unset";

/** A policy, letter by letter. */
export interface Policy {
  /** What happens if the state exists. */
  readonly ifExists: PolicyLetter;
  /** What happens if the state is missing. */
  readonly ifMissing: PolicyLetter;
  /** Both letters. */
  readonly text: string;
}

interface Rule {
  readonly ifExists: string;
  readonly ifMissing: string;
}

const rules: Readonly<Record<PolicyOperation, Rule>> = {
  check: { ifExists: "rf", ifMissing: "rf" },
  get: { ifExists: "ari", ifMissing: "ai" },
  set: { ifExists: "arf", ifMissing: "af" },
  unset: { ifExists: "rf", ifMissing: "ai" },
};
const LETTERS = 2;

/**
 * Returns a policy. Throws a `RangeError` if the operation does not have one of the letters. `name` is the name of the
 * operation in the message.
 */
export function parsePolicy(operation: PolicyOperation, text: string, name: string = operation): Policy {
  const rule = rules[operation];
  const [ifExists = "", ifMissing = ""] = text;
  const isKnown = text.length === LETTERS && rule.ifExists.includes(ifExists) && rule.ifMissing.includes(ifMissing);
  if (isKnown) return { ifExists: ifExists as PolicyLetter, ifMissing: ifMissing as PolicyLetter, text };
  throw new RangeError(
    `${name}: the policy ${JSON.stringify(text)} is invalid: expected one letter of "${rule.ifExists}" for a ` +
      `state that exists, and one of "${rule.ifMissing}" for a state that is missing`,
  );
}
