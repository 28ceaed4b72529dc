// The differences between two streams of nodes, and how they are shown.

import { toLatin1 } from "../wire/text.ts";
import { escapeText } from "./escape.ts";
import { jsonLine, jsonOf } from "./json.ts";
import {
  comparePaths,
  hasEqualOrder,
  hasEqualPermissions,
  isEqualNode,
  nodeToJson,
  type TreeNode,
} from "./tree_node.ts";

/** A node that differs between two trees. */
export type TreeDifference =
  | {
    /** The second tree alone has the node. */
    readonly change: "added";
    /** The path of the node. */
    readonly path: string;
    /** The node of the second tree. */
    readonly after: TreeNode;
  }
  | {
    /** The first tree alone has the node. */
    readonly change: "removed";
    /** The path of the node. */
    readonly path: string;
    /** The node of the first tree. */
    readonly before: TreeNode;
  }
  | {
    /** The trees have the node with other values, other permissions, or both. */
    readonly change: "changed";
    /** The path of the node. */
    readonly path: string;
    /** The node of the first tree. */
    readonly before: TreeNode;
    /** The node of the second tree. */
    readonly after: TreeNode;
  };

/** A stream of nodes in the order of a dump. */
export type TreeNodes = AsyncGenerator<TreeNode, unknown>;

/**
 * Yields the differences of two streams in the order of a dump. Holds one node of each at a time.
 *
 * If `isOrdered`, a node also differs if only the order of its children does.
 */
export async function* differences(
  before: TreeNodes,
  after: TreeNodes,
  isOrdered = false,
): AsyncGenerator<TreeDifference, void> {
  try {
    let [old, young] = [await next(before), await next(after)];
    while (old !== null || young !== null) {
      const order = old === null ? 1 : young === null ? -1 : comparePaths(old.path, young.path);
      if (old !== null && order < 0) {
        yield { change: "removed", path: old.path, before: old };
        old = await next(before);
      } else if (young !== null && order > 0) {
        yield { change: "added", path: young.path, after: young };
        young = await next(after);
      } else if (old !== null && young !== null) {
        if (!isEqualNode(old, young) || (isOrdered && !hasEqualOrder(old, young))) {
          yield { change: "changed", path: old.path, before: old, after: young };
        }
        [old, young] = [await next(before), await next(after)];
      }
    }
  } finally {
    // Streams hold files and requests, also if the loop over the differences is left.
    await Promise.all([before.return(undefined), after.return(undefined)]);
  }
}

async function next(nodes: TreeNodes): Promise<TreeNode | null> {
  const result = await nodes.next();
  return result.done === true ? null : result.value;
}

/** Returns a difference as lines for people, or as one line of JSON. All characters are printable ASCII. */
export function differenceText(difference: TreeDifference, asJson: boolean): string {
  return asJson ? jsonText(difference) : plainText(difference);
}

function plainText(difference: TreeDifference): string {
  const path = escapeText(difference.path);
  if (difference.change === "added") {
    return `+ ${path} = ${value(difference.after)}  ${permissions(difference.after)}\n`;
  }
  const { before } = difference;
  if (difference.change === "removed") return `- ${path} = ${value(before)}  ${permissions(before)}\n`;
  const { after } = difference;
  const [old, young] = [value(before), value(after)];
  const values = old === young ? "" : ` = ${old} -> ${young}`;
  if (hasEqualPermissions(before, after)) return `~ ${path}${values}\n`;
  return `~ ${path}${values}  ${permissions(before)} -> ${permissions(after)}\n`;
}

function value(node: TreeNode): string {
  return `"${escapeText(toLatin1(node.value))}"`;
}

function permissions(node: TreeNode): string {
  return `(${node.permissions.map(escapeText).join(",")})`;
}

function jsonText(difference: TreeDifference): string {
  return jsonLine({
    change: difference.change,
    path: jsonOf(difference.path),
    ...difference.change === "added" ? {} : { before: nodeToJson(difference.before) },
    ...difference.change === "removed" ? {} : { after: nodeToJson(difference.after) },
  });
}
