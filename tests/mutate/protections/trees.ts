// The protections of checkpoints of trees: one state, the content of a checkpoint, and devices that run.

import type { Protection } from "../protection.ts";

/** The protections of checkpoints of trees. */
export const trees: readonly Protection[] = [
  {
    name: "the commit of the transaction that reads a tree",
    file: "src/checkpoints/save_tree.ts",
    remove: "if (transaction?.isOpen && !(await transaction.commit({ signal }))) {",
    instead: "if (transaction?.isOpen && !(await transaction.commit({ signal })) && this.#signal?.aborted) {",
    testFile: "tests/checkpoints/trees_failures.test.ts",
    test: "a tree that other clients change is read again, and the checkpoint is one state",
  },
  {
    name: "the id of a tree that is read",
    file: "src/checkpoints/tree_checkpoint.ts",
    remove: "(id !== null && id !== computed) || ",
    testFile: "tests/checkpoints/trees_failures.test.ts",
    test: "a checkpoint whose end is missing, or whose nodes were changed, changes nothing",
  },
  {
    name: "the name of an earlier checkpoint, which stands in a file",
    file: "src/checkpoints/open_tree.ts",
    remove: '/^[^/\\0]+$/.test(name) && name !== "." && name !== ".."',
    instead: "true",
    testFile: "tests/checkpoints/trees_failures.test.ts",
    test: "the name of an earlier checkpoint does not lead out of the repository",
  },
  {
    name: "the states of devices that run",
    file: "src/checkpoints/restoring.ts",
    remove: 'mapping.classOf(path)?.class === "reset" ? keepingValue(difference) : difference',
    instead: "difference",
    testFile: "tests/checkpoints/restore_classes.test.ts",
    test: "a restore over a running device keeps its ring, its event channel and its state",
  },
  {
    name: "two nodes of a mapped tree that would have one path",
    file: "src/checkpoints/mapped_nodes.ts",
    remove: "if (order === 0) throw",
    instead: "if (order === 0 && best === null) throw",
    testFile: "tests/checkpoints/restore_classes.test.ts",
    test: "a tree that has nodes of the new domain already is refused, and nothing is changed",
  },
  {
    name: "the values of visited nodes, which a reader forgets",
    file: "src/checkpoints/tree_reader.ts",
    remove: "found.content = null;",
    testFile: "tests/checkpoints/tree_reader.test.ts",
    test: "a reader holds no value of a node that was visited, also if a caller keeps the first nodes",
  },
];
