// The part of @std/assert that the tests use, on top of node:assert. One line of deno.json replaces it with JSR's.

import nodeAssert from "node:assert/strict";

/** A message as an argument, if there is one, because Node rejects `undefined`. */
const given = (message: string | undefined): [] | [string] => message === undefined ? [] : [message];

// deno-lint-ignore no-explicit-any
type Constructor<E extends Error> = abstract new (...args: any[]) => E;

/** Fails unless the condition is true. */
export function assert(condition: unknown, message?: string): asserts condition {
  nodeAssert.ok(condition, ...given(message));
}

/** Fails unless both values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.deepStrictEqual(actual, expected, ...given(message));
}

/** Fails if both values are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.notDeepStrictEqual(actual, expected, ...given(message));
}

/** Fails unless both values are identical. */
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  nodeAssert.strictEqual(actual, expected, ...given(message));
}

/** Fails unless the text matches. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  nodeAssert.match(actual, expected, ...given(message));
}

/** Fails unless the text includes the other text. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  assert(
    actual.includes(expected),
    message ?? `${JSON.stringify(actual)} does not include ${JSON.stringify(expected)}`,
  );
}

/** Fails unless the value is an instance of the class. */
export function assertInstanceOf<E extends Error>(actual: unknown, type: Constructor<E>): asserts actual is E {
  assert(actual instanceof type, `expected an instance of ${type.name}: got ${String(actual)}`);
}

/** Fails unless the function throws an error of the class with the text in its message. Returns that error. */
export function assertThrows<E extends Error = Error>(
  run: () => unknown,
  type?: Constructor<E>,
  includes = "",
): E {
  try {
    run();
  } catch (error) {
    return checked(error, type, includes);
  }
  throw new nodeAssert.AssertionError({ message: "expected the function to throw: it returned" });
}

/** Fails unless the promise rejects with an error of the class with the text in its message. Resolves with it. */
export async function assertRejects<E extends Error = Error>(
  run: () => PromiseLike<unknown>,
  type?: Constructor<E>,
  includes = "",
): Promise<E> {
  try {
    await run();
  } catch (error) {
    return checked(error, type, includes);
  }
  throw new nodeAssert.AssertionError({ message: "expected the promise to reject: it resolved" });
}

function checked<E extends Error>(error: unknown, type: Constructor<E> | undefined, includes: string): E {
  assertInstanceOf(error, type ?? (Error as unknown as Constructor<E>));
  assertStringIncludes(error.message, includes);
  return error;
}
