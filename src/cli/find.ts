// `find`: prints the nodes whose path, and value if wanted, match a glob.

import { byteString } from "./bytes.ts";
import type { Context } from "./context.ts";
import { nodeLine } from "../checkpoints/dump_format.ts";
import { escapeText } from "./escape.ts";
import { Glob, PathGlob } from "./glob.ts";
import { absolutePath, json, ownArgumentsOf } from "./own_arguments.ts";
import { Printer } from "./printer.ts";
import type { Session } from "./session.ts";
import { storeNodes } from "./store_nodes.ts";
import type { Source } from "../checkpoints/tree_reader.ts";
import { orTrouble, TROUBLE } from "./trouble.ts";

/** Prints what matches. Resolves with 1 if nothing matches, and with 2 on a failure. */
export async function find(context: Context): Promise<number> {
  const { options, operands } = ownArgumentsOf(context, {
    options: [json, { letter: "v", long: "value", hasArgument: true }],
    usage: "[-h] [--json] [-v GLOB] [glob]",
    operands: [0, 1],
    status: TROUBLE,
  });
  const paths = new PathGlob(absolutePath(operands[0] ?? "/**", TROUBLE));
  const wanted = options.get("v");
  const values = wanted === undefined ? null : new Glob(wanted);
  const isJson = options.has("j");
  return await orTrouble(async () => {
    const session = await context.connect();
    const printer = new Printer(context.invocation);
    let [isFound, isComplete] = [false, true];
    const work = (await context.progress()).start("find");
    const onUnreadable = (path: string, reason: string): void => {
      isComplete = false;
      context.warn(`cannot read ${escapeText(path)}: ${reason}`);
    };
    const nodes = storeNodes(sourceOf(session, paths, isJson), paths.top, onUnreadable, work);
    try {
      for await (const node of nodes) {
        if (!paths.matches(node.path) || values?.matches(byteString(node.value)) === false) continue;
        isFound = true;
        printer.print(isJson ? nodeLine({ ...node, order: null }) : `${escapeText(node.path)}\n`);
      }
      work.done();
    } finally {
      printer.flush();
    }
    return isComplete ? (isFound ? 0 : 1) : TROUBLE;
  });
}

/** Asks only for what can match. */
function sourceOf(session: Session, paths: PathGlob, wantsPermissions: boolean): Source {
  return {
    read: async (path) => paths.matches(path) ? await session.read(path) : new Uint8Array(),
    permissions: async (path) => wantsPermissions && paths.matches(path) ? await session.permissions(path) : [],
    list: async (path) => {
      if (!paths.leadsOn(path)) return [];
      const prefix = path === "/" ? "/" : `${path}/`;
      const names = await session.list(path);
      return names.filter((name) => paths.matches(prefix + name) || paths.leadsOn(prefix + name));
    },
  };
}
