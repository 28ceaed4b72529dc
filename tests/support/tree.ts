// A small tree that answers READ and DIRECTORY, for the tests of walks.

import type { Handler } from "./peer.ts";

export interface Node {
  readonly value: string;
  readonly children: string[];
}

/** The tree with these paths and their parents. The value of each node is its path. */
export function tree(...paths: string[]): Map<string, Node> {
  const nodes = new Map<string, Node>([["/", { value: "/", children: [] }]]);
  for (const path of paths) grow(nodes, path);
  return nodes;
}

function grow(nodes: Map<string, Node>, path: string): Node {
  const known = nodes.get(path);
  if (known !== undefined) return known;
  const slash = path.lastIndexOf("/");
  grow(nodes, slash === 0 ? "/" : path.slice(0, slash)).children.push(path.slice(slash + 1));
  const node = { value: path, children: [] };
  nodes.set(path, node);
  return node;
}

/** Answers READ and DIRECTORY: with EACCES for `denied` nodes, with ENOENT for missing nodes. */
export function serveTree(nodes: ReadonlyMap<string, Node>, denied: ReadonlySet<string> = new Set()): Handler {
  return (request) => {
    const node = nodes.get(request.path);
    if (denied.has(request.path)) return request.error("EACCES");
    if (node === undefined) return request.error("ENOENT");
    if (request.text.startsWith("READ ")) return request.reply(new TextEncoder().encode(node.value));
    request.reply(...node.children);
  };
}
