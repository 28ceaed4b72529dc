// Methods of handles, clients and monitors that are called without their object, by a caller that adds arguments.

import { EventEmitter } from "node:events";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { bindMethods } from "../../compat/bound.ts";
import { Client } from "../../compat/pyxs.ts";
import { Error as XsError, xs } from "../../compat/xs.ts";
import { timeout } from "../support/limits.ts";
import { startScriptedServer } from "../support/scripted_server.ts";
import { inDirectory } from "../support/socket.ts";

class Base {
  #calls = 0;
  one(...args: readonly unknown[]): unknown {
    return [++this.#calls, ...args];
  }
  get calls(): number {
    return this.#calls;
  }
  [Symbol.dispose](): number {
    return this.#calls;
  }
}

class Derived extends Base {
  override one(...args: readonly unknown[]): unknown {
    return [super.one(...args)];
  }
}

function bound<T extends object>(object: T): T {
  bindMethods(object);
  return object;
}

describe("bound methods", () => {
  test("keep their object, call the class that overrides them, and are no keys of the object", () => {
    const object = bound(new Derived());
    const { one, calls, [Symbol.dispose]: dispose } = object;
    assertEquals([one("a"), dispose(), calls, object.calls], [[[1, "a"]], 1, 0, 1]);
    assertEquals([Object.keys(object), one.name, object instanceof Derived], [[], "one", true]);
    object.one = () => "replaced";
    assertEquals(object.one(), "replaced");
  });

  test("do not get the index and the collection that a collection adds to an element", () => {
    const seen: unknown[] = [];
    class Seeing {
      see(...args: readonly unknown[]): void {
        seen.push(args);
      }
    }
    const { see } = bound(new Seeing());
    ["a"].map(see);
    [Number.NaN].forEach(see.bind(null, "first"));
    Uint8Array.of(7).forEach(see);
    new Map([["key", "value"]]).forEach(see);
    new Set(["item"]).forEach(see);
    assertEquals(seen.splice(0), [["a"], ["first", Number.NaN], [7], ["value"], ["item"]]);
    // Arguments of the program itself stay.
    const list = ["a"];
    for (const args of [["b", 0, list], ["a", "0", list], ["a", 0], [list], ["a", 1, list], ["x", "y", new Set()]]) {
      see(...args);
      assertEquals(seen.pop(), args);
    }
  });
});

async function withServer(run: (socket: string) => void): Promise<void> {
  await inDirectory(async (directory) => {
    const socket = join(directory, "socket");
    await using _server = await startScriptedServer(socket);
    run(socket);
  });
}

describe("methods of xs", { timeout }, () => {
  test("work when they are taken from the handle, and as callbacks of map(), forEach() and listeners", () =>
    withServer((socket) => {
      const h = xs({ address: `unix:${socket}` });
      const { ls, read } = h;
      assertEquals([ls("", "/a"), read("0", "/b")], [["OK"], "OK\0"]);
      assertEquals(["/a", "/b"].map(h.ls.bind(h, "")), [["OK"], ["OK"]]);
      ["/a"].forEach(h.rm.bind(h, "0"));
      // The index 1 would roll back.
      assertEquals(["1", "2"].map(h.transaction_end), [true, true]);
      assertEquals([[{ dom: 1 }]].map(h.set_permissions.bind(h, "", "/a")), [null]);
      const listeners = new EventEmitter();
      listeners.on("exit", h.close);
      listeners.emit("exit", 0);
      assertEquals(assertThrows(() => h.read("0", "/a"), XsError).args[0], 22);
    }));

  test("say in Python's words what is wrong with other arguments of a callback", () =>
    withServer((socket) => {
      using h = xs({ address: `unix:${socket}` });
      const watch = h.watch as (path: string) => null;
      const few = assertThrows(() => ["/a"].forEach(watch), TypeError);
      assertEquals(few.message, "function takes exactly 2 arguments (1 given)");
      const many = assertThrows(() => Array.from(["/a"], h.ls.bind(h, "") as (path: string) => unknown), TypeError);
      assertEquals(many.message, "function takes exactly 2 arguments (3 given)");
    }));
});

describe("methods of pyxs's Client, Monitor and Router", { timeout }, () => {
  test("work when they are taken from the object, and as callbacks of map(), forEach() and listeners", () =>
    withServer((socket) => {
      class Shouting extends Client {
        override read(path: string, default_: string | null = null): string {
          return super.read(path, default_).toUpperCase();
        }
      }
      const c = new Shouting(socket);
      const { read, list, monitor } = c;
      // The index would be the default.
      const all = ["/a", "/b"].map(read as (path: string) => string);
      assertEquals([read("/a"), list("/b"), all], ["OK\0", ["OK"], ["OK\0", "OK\0"]]);
      const { watch, close } = monitor();
      watch("/a", "token");
      const listeners = new EventEmitter();
      listeners.on("exit", close);
      listeners.on("exit", c.close);
      listeners.on("exit", c.router.terminate);
      listeners.emit("exit", 0);
      assertEquals(c.router.is_connected, false);
    }));

  test("say in Python's words what is wrong with other arguments of a callback", () =>
    withServer((socket) => {
      using c = new Client(socket);
      const watch = c.monitor().watch as (path: string) => void;
      const { message } = assertThrows(() => ["/a"].forEach(watch), TypeError);
      assertEquals(message, "expected string or bytes-like object, got 'NoneType'");
    }));
});
