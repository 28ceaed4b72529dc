// "Did you mean": the known name that an unknown one may stand for.

import { nearestName } from "../wire/checks.ts";
import type { Invalid, OptionRule } from "./getopt.ts";

/** One wrong character in so many is taken for a slip. */
const CHARACTERS_PER_EDIT = 3;

/** Returns `: did you mean 'NAME'?` with a prefix before the name, or nothing if no name is similar. */
export function hint(name: string, known: readonly string[], prefix: string): string {
  const nearest = nearestName(name, known, Math.max(1, Math.floor(name.length / CHARACTERS_PER_EDIT)));
  // Two exchanged letters of a short name are two edits.
  const similar = nearest ?? known.find((other) => sorted(other) === sorted(name)) ?? null;
  return similar === null ? "" : `: did you mean '${prefix}${similar}'?`;
}

function sorted(name: string): string {
  return [...name].sort().join("");
}

/** Returns the complaint about an option, with the long option that an unknown one may stand for. */
export function complaintOf({ complaint, unknown }: Invalid, rules: readonly OptionRule[]): string {
  const names = rules.flatMap(({ long }) => long === undefined ? [] : [long]);
  return unknown === null ? complaint : complaint + hint(unknown, names, "--");
}
