// The pools that options name: their locations, and the names of their gateways.

import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Location, parseLocation, withoutPassword } from "../../pools/location.ts";

/** A pool that an option names. */
export interface NamedPool {
  /** The location, without the name of a gateway. */
  readonly text: string;
  readonly location: Location;
  /** The gateway of the pool. A pool without a name has that of this host. */
  readonly gateway: string;
}

/** How each location begins. The name of a gateway has none of the characters by which these differ from a name. */
const locationPattern = /^(?:\/|link\+|ssh:\/\/)/;
const forbiddenPattern = /[/=:+\p{Cc}]/u;

/** Parses the argument `[GATEWAY=]LOCATION`. Throws a `RangeError` if the gateway or the location is invalid. */
export function namedPool(argument: string, usual: string): NamedPool {
  const end = locationPattern.test(argument) ? -1 : argument.indexOf("=");
  const gateway = end < 0 ? usual : checkedGateway(argument.slice(0, end));
  const text = argument.slice(end + 1);
  return { text, location: parseLocation(text), gateway };
}

/** Returns the name of a gateway. Throws a `RangeError` if it is invalid. */
export function checkedGateway(name: string): string {
  const character = forbiddenPattern.exec(name)?.[0];
  if (name !== "" && character === undefined) return name;
  const fault = character === undefined ? "a name is empty" : `a name contains ${JSON.stringify(character)}`;
  throw new RangeError(`the gateway ${JSON.stringify(withoutPassword(name))} is invalid: ${fault}`);
}

/** Throws a `RangeError` if a pool is the directory of the states of this host, by any path. */
export async function checkApart(directory: string, pools: readonly NamedPool[]): Promise<void> {
  for (const { text, location } of pools) {
    if (location.type === "ssh" || await realDirectory(location.path) !== await realDirectory(directory)) continue;
    const own = JSON.stringify(directory);
    throw new RangeError(`the pool ${JSON.stringify(text)} is invalid: it is the directory of this host, ${own}`);
  }
}

/** Returns the path of a directory without links. The directory, and those above it, may be missing. */
async function realDirectory(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realDirectory(parent), basename(path));
  }
}
