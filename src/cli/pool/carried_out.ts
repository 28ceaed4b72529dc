// Which states an action has got, set or removed, and which it has left alone.

import type { Scope, StateBackend, StateRequest } from "../../pools/mod.ts";

/** The methods of a backend that do what an action is named after. */
const methods: ReadonlySet<string | symbol> = new Set(["get", "set", "unset"]);

/**
 * Returns the same backend, which notes the names of the states that it has got, set or removed. Of the object itself
 * it notes what `rootMethod` does with the scopes of the action. The library names other scopes to make the object
 * ready.
 */
export function noting(
  backend: StateBackend,
  done: Set<string>,
  { isRoot, rootMethod, scopes }: {
    readonly isRoot: (state: string) => boolean;
    readonly rootMethod: "getRoot" | "setRoot" | "unsetRoot" | null;
    readonly scopes: readonly Scope[] | undefined;
  },
): StateBackend {
  return new Proxy(backend, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (!methods.has(name) && name !== rootMethod) return value.bind(target);
      return async (request: StateRequest, ...rest: readonly unknown[]): Promise<unknown> => {
        const result: unknown = await value.call(target, request, ...rest);
        const isMeant = isRoot(request.state) ? name === rootMethod && request.scopes === scopes : name !== rootMethod;
        if (isMeant) done.add(request.state);
        return result;
      };
    },
  });
}
