// The states of domains that a repository of checkpoints keeps, as a source of a list.

import type { DomainSource } from "../domains/mod.ts";
import { textOf } from "./bytes.ts";
import type { Context } from "./context.ts";
import { problemsOf, shown } from "./domain_sources.ts";

/** The options that ask for states. */
const asking = ["with-snapshot", "without-snapshot", "with-checkpoint", "without-checkpoint"];

/** Returns the source for the repository that the options name, or for that of the user if they ask for states. */
export async function keptStates(
  context: Context,
  options: ReadonlyMap<string, string>,
): Promise<readonly DomainSource[]> {
  const directory = options.get("r");
  // Each tree of the repository is read.
  if (directory === undefined && !asking.some((option) => options.has(option))) return [];
  const [{ checkpoints, treeStates }, { CheckpointRepository, openTree }] = await Promise.all([
    import("../domains/mod.ts"),
    import("../checkpoints/mod.ts"),
  ]);
  const repository = directory === undefined ? new CheckpointRepository() : new CheckpointRepository(textOf(directory));
  if (context.globals.verbose) context.warn(`states: ${shown(repository.location)}`);
  return [checkpoints(treeStates(repository, openTree, { onProblem: problemsOf(context) }))];
}
