// Reading a tree ahead of its visit: what the reader keeps in memory, and how much it requests.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Found, type Source, TreeReader } from "../../src/checkpoints/tree_reader.ts";
import { orderOf } from "../../src/checkpoints/tree_node.ts";

/** A tree of directories with as many children each, three levels deep. Counts what is requested. */
class WideTree implements Source {
  readonly #width: number;
  listed = 0;

  constructor(width: number) {
    this.#width = width;
  }

  read(path: string): Promise<Uint8Array> {
    return Promise.resolve(new TextEncoder().encode(path));
  }

  permissions(): Promise<readonly string[]> {
    return Promise.resolve(["n0"]);
  }

  list(path: string): Promise<string[]> {
    this.listed++;
    const isLeaf = path.split("/").length > 2;
    return Promise.resolve(isLeaf ? [] : Array.from({ length: this.#width }, (_, i) => `${1000 + i}`));
  }
}

/** Visits all nodes. Returns the nodes below the top, and how many were visited. */
async function visitAll(reader: TreeReader, onVisit: (visited: number) => void = () => {}) {
  const first = await reader.start("/");
  let visited = 0;
  const stack: Found[] = first.toReversed();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { children } = await reader.take(at);
    if (!("value" in children)) throw new Error("a node cannot be read");
    onVisit(++visited);
    stack.push(...children.value.toReversed());
  }
  return { first, visited };
}

describe("the reader of trees", () => {
  test("a reader holds no value of a node that was visited, also if a caller keeps the first nodes", async () => {
    const { first, visited } = await visitAll(new TreeReader(new WideTree(30), true));
    assertEquals(visited, 30 + 30 * 30);
    assertEquals(first.map(({ content, next }) => [content, next]), first.map(() => [null, null]));
  });

  test("a reader lists few directories ahead before it knows how many children they have", async () => {
    const source = new WideTree(150);
    let listedFirst = 0;
    await visitAll(new TreeReader(source, true), (visited) => {
      if (visited === 1) listedFirst = source.listed;
    });
    assert(listedFirst < 100, `${listedFirst} directories were listed before the first visit`);
  });
});

describe("the order of children", () => {
  for (
    const [names, order] of [
      [[], null],
      [["a"], null],
      [["a", "b", "c"], null],
      [["b", "a"], ["b"]],
      [["b", "a", "c"], ["b"]],
      [["a", "c", "b"], ["a", "c"]],
      [["n0", "n1", "n10", "n2"], null],
      [["n0", "n1", "n2", "n10", "n11"], ["n0", "n1", "n2"]],
    ] as const
  ) {
    test(`of the children ${JSON.stringify(names)}, ${JSON.stringify(order)} come first and the others are sorted`, () => {
      assertEquals(orderOf(names), order === null ? null : [...order]);
    });
  }
});
