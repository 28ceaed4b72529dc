// `stat`: counts nodes and bytes by the domain that owns them, beside the quotas of these domains.

import { byteString } from "./bytes.ts";
import type { Context } from "./context.ts";
import type { TreeNode } from "../checkpoints/trees/tree_node.ts";
import { escapeText } from "./escape.ts";
import { Failure } from "./invocation.ts";
import { jsonLine, jsonOf } from "./json.ts";
import { absolutePath, json, ownArgumentsOf } from "./own_arguments.ts";
import { Printer } from "./printer.ts";
import type { Session } from "./session.ts";
import { storeNodes } from "./store_nodes.ts";

/** What a domain owns. */
interface Owned {
  nodes: number;
  bytes: number;
}

/** A line: a domain, what it owns, and its quotas. `null` stands for what the store does not tell. */
interface Row extends Owned {
  readonly domid: string;
  readonly name: string | null;
  readonly nodesQuota: number | null;
  readonly memoryQuota: number | null;
}

/** Prints the counts of each owner. Resolves with 1 if a node cannot be read, and counts the others. */
export async function stat(context: Context): Promise<number> {
  const { options, operands } = ownArgumentsOf(context, {
    options: [json],
    usage: "[-h] [--json] [path]",
    operands: [0, 1],
    status: 1,
  });
  const top = absolutePath(operands[0] ?? "/");
  const session = await context.connect();
  let isComplete = true;
  const work = (await context.progress()).start("stat");
  const onUnreadable = (path: string, reason: string): void => {
    isComplete = false;
    context.warn(`cannot read ${escapeText(path)}: ${reason}`);
  };
  const owners = await count(storeNodes(session, top, onUnreadable, work));
  work.done();
  if (owners.size === 0 && isComplete) throw new Failure(`cannot count ${escapeText(top)}: No such file or directory`);
  const rows: Row[] = [];
  for (const [domid, owned] of [...owners].sort(([a], [b]) => Number(a) - Number(b))) {
    rows.push(await rowOf(session, domid, owned));
  }
  if (rows.length === 0) return 1;
  const printer = new Printer(context.invocation);
  printer.print(options.has("j") ? rows.map(jsonRow).join("") : table(rows));
  printer.flush();
  return isComplete ? 0 : 1;
}

/** Counts the nodes of each owner, and the bytes of their names and values. */
async function count(nodes: AsyncIterable<TreeNode>): Promise<Map<string, Owned>> {
  const owners = new Map<string, Owned>();
  for await (const { path, value, permissions: [first = ""] } of nodes) {
    const domid = first.slice(1);
    const owned = owners.get(domid) ?? { nodes: 0, bytes: 0 };
    owners.set(domid, owned);
    owned.nodes++;
    owned.bytes += path.length - path.lastIndexOf("/") - 1 + value.length;
  }
  return owners;
}

async function rowOf(session: Session, domid: string, { nodes, bytes }: Owned): Promise<Row> {
  const [name, nodesQuota, memoryQuota] = await Promise.all([
    session.read(`/local/domain/${domid}/name`).then(byteString, () => null),
    session.quota("nodes", domid).catch(() => null),
    session.quota("memory", domid).catch(() => null),
  ]);
  return { domid, name, nodes, bytes, nodesQuota, memoryQuota };
}

function jsonRow({ domid, name, nodes, bytes, nodesQuota, memoryQuota }: Row): string {
  const number = Number(domid);
  return jsonLine({
    domid: `${number}` === domid ? number : jsonOf(domid),
    name: name === null ? null : jsonOf(name),
    nodes,
    bytes,
    quotas: { nodes: nodesQuota, memory: memoryQuota },
  });
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ domid, name, nodes, bytes, nodesQuota, memoryQuota }) => [
    `${escapeText(domid)}${name === null ? "" : ` ${escapeText(name)}`}`,
    `${nodes}`,
    quotaText(nodesQuota),
    `${bytes}`,
    quotaText(memoryQuota),
  ]);
  const cells = [["domain", "nodes", "quota", "bytes", "quota"], ...lines];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    cells.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0)
  );
  return cells.map((row) =>
    `${row.map((cell, at) => at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0)).join("  ")}\n`
  ).join("");
}

/** 0 means no limit. */
function quotaText(quota: number | null): string {
  return quota === null ? "-" : quota === 0 ? "none" : `${quota}`;
}
