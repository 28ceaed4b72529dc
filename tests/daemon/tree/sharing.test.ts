// Trees that share nodes: what one view changes in place, no other view and no top that was taken before sees.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { nodesBelow } from "../../../src/daemon/tree/listing.ts";
import { Permissions } from "../../../src/daemon/tree/permissions.ts";
import { emptyTop, type StoreNode } from "../../../src/daemon/tree/store_node.ts";
import { View } from "../../../src/daemon/tree/tree.ts";
import { randomNumbers } from "../../support/random.ts";

const own = new Permissions([{ domid: 0, rights: 0, ignored: false }]);
const other = new Permissions([{ domid: 5, rights: 0, ignored: false }]);

function newView(): View {
  const view = new View(emptyTop(own), { last: 0 });
  const sketch = view.sketch();
  for (const path of ["/", "/a", "/a/b", "/a/b/c"]) sketch.put(path, "old", own);
  view.adopt(sketch);
  return view;
}

/** All nodes below a top in their order: path, value, owner and generation. */
function dump(top: StoreNode): string[] {
  return Array.from(nodesBelow(top), ({ path, node: { value, permissions, generation } }) => {
    return `${path}=${value} ${permissions.owner} ${generation}`;
  });
}

/** Changes one node by a sketch, as a request does. */
function write(view: View, path: string, value: string): StoreNode {
  const sketch = view.sketch();
  const node = sketch.put(path, value, own);
  view.adopt(sketch);
  return node;
}

describe("trees that share nodes", () => {
  test("a value is replaced in place if no other view has the tree", () => {
    const view = newView();
    write(view, "/a/b/c", "first");
    const parent = view.get("/a/b");
    write(view, "/a/b/c", "second");
    assert(view.get("/a/b") === parent, "what leads to the node was made anew");
    assertEquals(view.get("/a/b/c")?.value, "second");
  });

  test("a top that was taken does not change with the view", () => {
    const view = newView();
    write(view, "/a/b/c", "first");
    const { top } = view;
    const before = dump(top);
    write(view, "/a/b/c", "second");
    write(view, "/a/b/c", "third");
    assertEquals(dump(top), before);
    assertEquals(view.get("/a/b/c")?.value, "third");
    assert(!view.isAt(top));
  });

  test("a top that was taken while a sketch waited does not change after the sketch is adopted", () => {
    for (const takes of [(view: View, _: View) => view.top, (_: View, sketch: View) => sketch.top]) {
      const view = newView();
      write(view, "/a/b/c", "first");
      const sketch = view.sketch();
      sketch.put("/a/d", "new", own);
      const top = takes(view, sketch);
      const before = dump(top);
      view.adopt(sketch);
      for (const path of ["/a/d", "/a/b/c", "/a/b"]) write(view, path, "later");
      assertEquals(dump(top), before);
    }
  });

  test("a fork and its view do not see each other's changes", () => {
    const view = newView();
    write(view, "/a/b/c", "before");
    const fork = view.fork();
    fork.put("/a/b/c", "fork", own);
    fork.put("/a/b/c", "fork again", own);
    write(view, "/a/b/c", "view");
    write(view, "/a/b/c", "view again");
    assertEquals([view.get("/a/b/c")?.value, fork.get("/a/b/c")?.value], ["view again", "fork again"]);
  });

  test("a fork of a fork sees no later changes of the fork", () => {
    const fork = newView().fork();
    fork.put("/a/b/c", "first", own);
    const second = fork.fork();
    fork.put("/a/b/c", "later", own);
    assertEquals(second.get("/a/b/c")?.value, "first");
  });

  test("a fork that was adopted changes the view no more", () => {
    const view = newView();
    const fork = view.fork();
    fork.put("/a/b/c", "adopted", own);
    view.adopt(fork);
    fork.put("/a/b/c", "later", own);
    assertEquals(view.get("/a/b/c")?.value, "adopted");
    write(view, "/a/b/c", "view");
    write(view, "/a/b/c", "view again");
    assertEquals(fork.get("/a/b/c")?.value, "later");
  });

  test("a sketch that is dropped has changed nothing", () => {
    const view = newView();
    write(view, "/a/b/c", "first");
    const before = dump(view.top);
    write(view, "/a/b/c", "first");
    for (const paths of [["/a/b/c"], ["/a/b/c", "/a/b"], ["/a/b/c", "/a/b/new", "/a/b/c"]]) {
      const sketch = view.sketch();
      for (const path of paths) sketch.put(path, "dropped", other);
      assertEquals(sketch.get("/a/b/c")?.value, "dropped");
    }
    const after = dump(view.top);
    assertEquals(after.map((line) => line.replace(/ \d+$/, "")), before.map((line) => line.replace(/ \d+$/, "")));
  });

  test("a sketch sees each of its changes", () => {
    const view = newView();
    const sketch = view.sketch();
    sketch.put("/a/b/c", "1", own);
    sketch.put("/a/b", "2", own);
    sketch.put("/a/b/c", "3", own);
    assertEquals(["/a", "/a/b", "/a/b/c"].map((path) => sketch.get(path)?.value), ["old", "2", "3"]);
    assertEquals(view.get("/a/b/c")?.value, "old");
    view.adopt(sketch);
    assertEquals(["/a", "/a/b", "/a/b/c"].map((path) => view.get(path)?.value), ["old", "2", "3"]);
  });

  test("tops keep their nodes through random changes of a view, its sketches and its forks", () => {
    for (let seed = 1; seed <= 10; seed++) compare(seed);
  });
});

/** Makes random changes; checks each view against a model, and all tops that were taken at the end. */
function compare(seed: number): void {
  const random = randomNumbers(seed);
  const view = newView();
  let model = new Map(["/", "/a", "/a/b", "/a/b/c"].map((path) => [path, "old"]));
  const taken: [StoreNode, string[]][] = [];
  const forks: [View, Map<string, string>][] = [];
  const change = (tree: View, like: Map<string, string>, name: string): void => {
    const wide = random(4) === 0 ? `/a/b/${random(80)}` : `/a/${random(6)}/${random(5)}`;
    const path = random(3) === 0 ? wide : [...like.keys()][random(like.size)] ?? "/";
    if (random(8) === 0 && path !== "/" && tree.get(path) !== undefined) {
      tree.remove(path);
      for (const key of [...like.keys()]) if (key === path || key.startsWith(`${path}/`)) like.delete(key);
    } else if (tree.get(path) !== undefined) {
      tree.put(path, name, random(4) === 0 ? other : own);
      like.set(path, name);
    } else {
      tree.make(path, name, own);
      for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
        if (!like.has(path.slice(0, at))) like.set(path.slice(0, at), "");
      }
      like.set(path, name);
    }
  };
  const agrees = (tree: View, like: ReadonlyMap<string, string>): void => {
    for (const [path, value] of like) assertEquals(tree.get(path)?.value, value, path);
  };
  for (let i = 0; i < 600; i++) {
    const kind = random(10);
    if (kind < 6) {
      const sketch = view.sketch();
      const like = new Map(model);
      for (let n = random(3); n >= 0; n--) change(sketch, like, `${i}.${n}`);
      agrees(sketch, like);
      if (random(5) > 0) {
        view.adopt(sketch);
        model = like;
      }
    } else if (kind === 6) {
      const { top } = view;
      taken.push([top, dump(top)]);
    } else if (kind === 7) {
      forks.push([view.fork(), new Map(model)]);
    } else if (kind === 8) {
      const [fork, like] = forks[random(forks.length)] ?? [];
      if (fork !== undefined && like !== undefined) change(fork, like, `${i} fork`);
    } else {
      const fork = view.fork();
      const like = new Map(model);
      for (let n = random(4); n >= 0; n--) change(fork, like, `${i}.${n} adopted`);
      view.adopt(fork);
      model = like;
    }
    agrees(view, model);
  }
  assertEquals([...nodesBelow(view.top)].length, model.size);
  for (const [fork, like] of forks) {
    agrees(fork, like);
    assertEquals([...nodesBelow(fork.top)].length, like.size);
  }
  for (const [top, before] of taken) assertEquals(dump(top), before);
}
