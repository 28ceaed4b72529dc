// `chmod`: sets the permissions of a node, of its parents, or of everything below it.

import type { Context } from "./context.ts";
import { Failure, reasonOf } from "./invocation.ts";
import { atoi } from "./numbers.ts";
import type { Session } from "./session.ts";
import { transacted } from "./transacted.ts";
import { argumentsOf } from "./usage.ts";

/** Sets the permissions of one node, with `-u` of its parents as well, and with `-r` of everything below it. */
export async function chmod(context: Context): Promise<number> {
  const { options, operands: [path = "", ...modes] } = argumentsOf(context, "chmod");
  const session = await context.connect();
  const { status } = await transacted(session, async (transactionId) => {
    const permissions = modes.map(permissionOf);
    const set = async (target: string): Promise<void> => {
      try {
        await session.setPermissions(target, permissions, transactionId);
      } catch (error) {
        throw new Failure(`Error occurred setting permissions on '${target}': ${reasonOf(error)}`);
      }
    };
    if (path === "") return { status: 0, output: "" };
    await set(path);
    if (options.has("u")) await forParents(path, set);
    if (options.has("r")) await forChildren(session, path, transactionId, set);
    return { status: 0, output: "" };
  });
  return status;
}

/** Returns a permission for the wire. Throws a {@linkcode Failure} if its letter is unknown. */
function permissionOf(mode: string): string {
  const letter = mode.charAt(0) || "\0";
  if (!"nrwb".includes(letter)) throw new Failure(`Invalid permission specification: '${letter}'`);
  return `${letter}${atoi(mode.slice(1))}`;
}

async function forParents(path: string, set: (path: string) => Promise<void>): Promise<void> {
  for (let at = path;;) {
    const slash = at.lastIndexOf("/");
    if (slash < 0) throw new Failure(`Unable to locate path separator '/' in '${at}'`);
    if (slash === 0) return;
    at = at.slice(0, slash);
    await set(at);
  }
}

/** Visits a stack, not by recursion: a tree may be deeper than the stack of the runtime. */
async function forChildren(
  session: Session,
  path: string,
  transactionId: number,
  set: (path: string) => Promise<void>,
): Promise<void> {
  const children = async (parent: string): Promise<string[]> => {
    const names = await session.list(parent, transactionId).catch((): string[] => []);
    return names.map((name) => `${parent}/${name}`).reverse();
  };
  const stack = await children(path);
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    await set(at);
    stack.push(...await children(at));
  }
}
