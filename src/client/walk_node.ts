// A node as a walk delivers it.

/** A node on a walk. */
export interface WalkNode {
  /** The path of the node. */
  readonly path: string;
  /** The number of levels below the top, which is at 0. */
  readonly depth: number;
  /** The value; `null` if the store does not let this client read or list the node. */
  readonly value: Uint8Array | null;
  /** The names of the children, also of those below `maxDepth`. Empty if the value is `null`. */
  readonly children: readonly string[];
}
