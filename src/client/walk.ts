// Visits a tree, with the requests of many nodes in flight concurrently.

import { checkedWhole, checkOptions, type OptionNames } from "../wire/checks.ts";
import type { Progress } from "../events/progress.ts";
import type { SharedSignals } from "./abort.ts";
import type { Follow } from "./unawaited.ts";
import { Fetcher, FoundNode } from "./walk_fetcher.ts";
import type { WalkNode } from "./walk_node.ts";
import type { WalkReader } from "./walk_reader.ts";

/** The options of a walk. */
export interface WalkOptions {
  /**
   * Whether a node comes before the nodes below it, or after them.
   *
   * @default true
   */
  readonly topDown?: boolean;
  /**
   * How many levels below the top are visited, from 0.
   *
   * @default all levels
   */
  readonly maxDepth?: number;
  /**
   * The largest number of nodes that the walk may find, from 1; one more fails with E2BIG. Bound the walk of a guest's
   * tree.
   *
   * @default no bound
   */
  readonly maxNodes?: number;
  /**
   * Ends the walk, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

const WALK_OPTIONS: OptionNames<WalkOptions> = { topDown: true, maxDepth: true, maxNodes: true, signal: true };

/** The nodes of a tree, one after the other. */
export type Walk = AsyncGenerator<WalkNode, void, undefined>;

/** What a walk needs beside its reader. */
export interface WalkContext {
  /** The signals of all waits of the client. */
  readonly signals: SharedSignals;
  /** Follows the requests of a walk that its caller may forget to await. */
  readonly follow: Follow;
  /** Reports how many of the nodes that were found are visited; `null` if nothing listens. */
  readonly progress: Progress | null;
}

/**
 * Visits `top` and everything below it. A node that vanishes before it is read is left out, and a node that the store
 * does not read or list for this client has the value `null`. Only the top, and the end of the connection or of the
 * transaction, fail the walk.
 */
export function walk(reader: WalkReader, top: string, options: WalkOptions, context: WalkContext): Walk {
  checkOptions("walk", options, WALK_OPTIONS);
  return walkFrom(reader, top, options, context);
}

/** A stack, not recursion: the depth of a tree is up to whoever wrote it. */
async function* walkFrom(reader: WalkReader, top: string, options: WalkOptions, context: WalkContext): Walk {
  const { topDown = true, maxDepth, maxNodes, signal } = options;
  const { signals, follow, progress } = context;
  const fetcher = new Fetcher(reader, top, limit("maxDepth", maxDepth, 0), limit("maxNodes", maxNodes, 1));
  // One listener of the signal serves the whole walk.
  const release = signal === undefined ? nothing : signals.add(signal, () => fetcher.stop());
  let visited = 0;
  try {
    signal?.throwIfAborted();
    void follow(fetcher.done, true);
    const stack: (FoundNode | WalkNode)[] = [fetcher.start()];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      signal?.throwIfAborted();
      if (at instanceof FoundNode) {
        if (!at.isSettled) {
          await fetcher.settled(at);
          signal?.throwIfAborted();
        }
        const node = at.result();
        if (node === null) continue;
        // The node comes before those below it, or lies on the stack until they were visited.
        if (topDown) yield node;
        else stack.push(node);
        for (const below of at.below.toReversed()) stack.push(below);
        if (!topDown) continue;
      } else {
        yield at;
      }
      progress?.advance(++visited, fetcher.found);
    }
    progress?.done();
  } finally {
    // After done(), or if the loop was left or failed.
    progress?.fail();
    fetcher.stop();
    release();
  }
}

const nothing = () => {};

function limit(name: string, value: number | undefined, least: number): number {
  return value === undefined ? Infinity : checkedWhole(name, value, least);
}
