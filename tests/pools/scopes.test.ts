// How near sources are, and their scopes.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { nearestFirst, type Place, proximity, type Scope, scopeOf } from "../../src/pools/mod.ts";

const own = { gateway: "g1", host: "h1", path: "/own", sharedPath: "/shared" };

/** Every kind of place, with its number and its scope. */
const rows: readonly [Place, number, Scope][] = [
  [{ gateway: "g1", host: "h1", path: "/own" }, 1110, "own"],
  [{ gateway: "g1", host: "h1", path: "/shared" }, 1101, "shared"],
  [{ gateway: "g1", host: "h1", path: "/other" }, 1101, "shared"],
  [{ gateway: "g1", host: "h2", path: "/own" }, 1010, "swarm"],
  [{ gateway: "g1", host: "h2", path: "/shared" }, 1001, "swarm"],
  [{ gateway: "g2", host: "h1", path: "/own" }, 110, "cluster"],
  [{ gateway: "g2", host: "h1", path: "/other" }, 101, "cluster"],
  [{ gateway: "g2", host: "h2", path: "/own" }, 10, "cluster"],
  [{ gateway: "g2", host: "h2", path: "/other" }, 1, "cluster"],
];

describe("the places of sources", () => {
  for (const [place, number, scope] of rows) {
    test(`${place.path} of ${place.host} at ${place.gateway} counts ${number}, and is ${scope}`, () => {
      assertEquals(proximity(place, own), number);
      assertEquals(scopeOf(place, own), scope);
    });
  }

  test("nearestFirst() sorts by the numbers, and keeps the order of equals", () => {
    const places = rows.map(([place]) => place);
    assertEquals(
      nearestFirst([...places].reverse(), own).map((place) => proximity(place, own)),
      rows.map(([, n]) => n),
    );
    const equal = places.slice(1, 3);
    assertEquals(nearestFirst(equal, own), equal);
    assertEquals(nearestFirst([...equal].reverse(), own), [...equal].reverse());
  });

  test("a directory that is both the own one and the shared one is shared", () => {
    assertEquals(scopeOf({ ...own, path: "/own" }, { ...own, sharedPath: "/own" }), "shared");
  });
});
