// Walks over trees that no store has.

import { SharedSignals } from "../../src/client/abort.ts";
import { unfollowed } from "../../src/client/nodes.ts";
import type { WalkContext } from "../../src/client/walk.ts";
import type { WalkReader } from "../../src/client/walk_reader.ts";
import type { Progress } from "../../src/events/progress.ts";

/** A reader of a tree whose nodes have empty values, given the names of each node's children. */
export function treeReader(children: (path: string) => readonly string[]): WalkReader {
  return {
    read(path, handler) {
      queueMicrotask(() => handler.resolve(new Uint8Array(0)));
      queueMicrotask(() => handler.resolve([...children(path)]));
    },
    listAgain: () => null,
  };
}

/** What a walk needs beside its reader, of a client without listeners. */
export function walkContext(progress: Progress | null = null): WalkContext {
  return { signals: new SharedSignals(), follow: unfollowed, progress };
}
