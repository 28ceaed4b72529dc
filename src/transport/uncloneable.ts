// Objects that belong to one thread: a structured clone of them fails.

/**
 * Makes `structuredClone()` of an object fail, and `postMessage()` of it to another thread, with a `DataCloneError`.
 *
 * A clone has no private fields and no methods: it would be an empty object. A function that is an enumerable property
 * is what all runtimes refuse to clone.
 */
export function refuseClones(object: object): void {
  Object.defineProperty(object, "staysInItsThread", { value: staysInItsThread, enumerable: true });
}

function staysInItsThread(): void {}
