// `pool get`, `set`, `unset`, `push` and `pop`: what changes an object, its states, or a pool.

import type { PolicyOptions, PopOptions, StateBackend, StateOf } from "../../pools/mod.ts";
import { parsePolicy, type PolicyOperation } from "../../pools/policies.ts";
import type { Context, Subcommand } from "../context.ts";
import type { OptionRule } from "../getopt.ts";
import { jsonLine } from "../json.ts";
import { orFailure } from "../library_failures.ts";
import { Printer } from "../printer.ts";
import { signalStatuses } from "../signal_statuses.ts";
import { orTrouble } from "../trouble.ts";
import { noting } from "./carried_out.ts";
import { shown } from "./failure_text.ts";
import { type Pools, Room } from "./room.ts";

const unsetPolicyOption: OptionRule = { letter: "u", long: "unset-policy", hasArgument: true };

/** An operation of the library. */
type Operation = (backend: StateBackend, states: readonly StateOf[], options: PolicyOptions) => Promise<void>;

interface Action {
  readonly name: string;
  /** The operation whose letters its policy has. */
  readonly letters: Exclude<PolicyOperation, "check">;
  /** How many states it takes. */
  readonly states: number;
  readonly needsParts: boolean;
  /** What it does with the object itself, if the state stands for that; `null` if it skips the object. */
  readonly rootMethod: "getRoot" | "setRoot" | "unsetRoot" | null;
  readonly operation: (pools: Pools, room: Room) => Operation;
}

/** Puts the object into a state. */
export const get: Subcommand = action({
  name: "get",
  letters: "get",
  states: 1,
  needsParts: true,
  rootMethod: "getRoot",
  operation: ({ getStates }) => getStates,
});
/** Keeps the present condition of the object as a state. */
export const set: Subcommand = action({
  name: "set",
  letters: "set",
  states: 1,
  needsParts: true,
  rootMethod: "setRoot",
  operation: ({ setStates }) => setStates,
});
/** Removes states. */
export const unset: Subcommand = action({
  name: "unset",
  letters: "unset",
  states: Infinity,
  needsParts: false,
  rootMethod: "unsetRoot",
  operation: ({ unsetStates }) => unsetStates,
});
/** Keeps the present condition of the object as a new state. */
export const push: Subcommand = action({
  name: "push",
  letters: "set",
  states: 1,
  needsParts: true,
  rootMethod: null,
  operation: ({ pushStates }) => pushStates,
});
/** Puts the object into a state, and removes the state. */
export const pop: Subcommand = action({
  name: "pop",
  letters: "get",
  states: 1,
  needsParts: true,
  rootMethod: null,
  operation: ({ popStates }, { given }) => (backend, states, { policy, ...others }) => {
    const unsetPolicy = given.options.get(unsetPolicyOption.letter);
    const options: PopOptions = {
      ...others,
      ...policy === undefined ? {} : { getPolicy: policy },
      ...unsetPolicy === undefined ? {} : { unsetPolicy },
    };
    return popStates(backend, states, options);
  },
});

/** Makes an action. It resolves with 0, with 2 if a state has failed, and with the status of a signal. */
function action({ name, letters, states, needsParts, rootMethod, operation }: Action): Subcommand {
  return (context: Context) =>
    orTrouble(async () => {
      await using room = await Room.open(context, {
        name,
        hasParts: true,
        options: name === "pop" ? [unsetPolicyOption] : [],
        usage: `${name === "pop" ? "[-u letters] " : ""}object state${states > 1 ? " [...]" : ""}`,
        operands: [2, 1 + states],
      });
      if (needsParts) room.checkParts();
      const policy = room.given.options.get("P");
      const interruption = new AbortController();
      let interrupted = 0;
      void context.invocation.signalled(...signalStatuses.keys()).then((signal) => {
        interrupted = signalStatuses.get(signal) ?? 1;
        interruption.abort();
      });
      const { signal } = interruption;
      const done = new Set<string>();
      const printer = new Printer(context.invocation);
      return await orFailure(async () => {
        if (policy !== undefined) parsePolicy(letters, policy, name);
        const backend = noting(await room.backend(signal, name === "get" || name === "pop"), done, {
          isRoot: room.pools.isRoot,
          rootMethod,
          scopes: room.options.scopes,
        });
        const carryOut = operation(room.pools, room);
        return await room.each(async ({ object, state }) => {
          await carryOut(backend, [{ object, state }], {
            ...room.options,
            signal,
            ...policy === undefined ? {} : { policy },
            // The library also warns of each state that is replaced.
            onWarning: (message) => {
              if (message.endsWith("is ignored")) context.warn(shown(message));
            },
          });
          if (done.delete(state) && room.given.options.has("j")) {
            printer.print(jsonLine({ operation: name, object, state }));
            printer.flush();
          }
          return 0;
        }, signal);
      }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        return interrupted;
      });
    });
}
