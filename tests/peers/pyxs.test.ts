// The port of pyxs passes pyxs's own tests, without its faults.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  check_path,
  check_perms,
  check_watch_path,
  Client,
  ConnectionError,
  error,
  InvalidOperation,
  InvalidPath,
  InvalidPayload,
  InvalidPermission,
  type Monitor,
  monitor,
  Op,
  Packet,
  PyXSError,
  Router,
  UnixSocketConnection,
  with_,
  XenBusConnection,
} from "../../compat/pyxs.ts";
import { type RealStore, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { timeout } from "../support/limits.ts";

/** Runs with a client of a new store. */
async function withClient(body: (c: Client, store: RealStore) => void | Promise<void>): Promise<void> {
  await using store = await startXenstored();
  using c = new Client(store.socket);
  await body(c, store);
}

/** The next events, so many as given. */
function take(m: Monitor, count: number): (readonly [string, string])[] {
  const events = m.wait();
  return Array.from({ length: count }, () => {
    const { value } = events.next();
    assert(value !== undefined);
    const [path, token] = value;
    assertEquals([path, token], [value.path, value.token]);
    return [path, token] as const;
  });
}

function argsOf(run: () => unknown): readonly unknown[] {
  try {
    run();
  } catch (thrown) {
    assert(thrown instanceof PyXSError, String(thrown));
    return thrown.args;
  }
  throw new Error("nothing was thrown");
}

describe("the checks of pyxs", () => {
  test("Packet rejects an unknown operation, and a payload of more than 4096 bytes", () => {
    assertThrows(() => new Packet(-1, "", 0), InvalidOperation);
    assertThrows(() => new Packet(77, "", 0), InvalidOperation);
    assertThrows(() => new Packet(Op.WRITE, "hello".repeat(4096), 0), InvalidPayload);
    assertEquals(new Packet(Op.RESTRICT, "x".repeat(4096), 3, 4).size, 4096);
  });

  test("check_path() rejects illegal characters, misplaced slashes and paths that are too long", () => {
    for (const character of "!\"#$%&'()*+,.:;<=>?[\\]^`{|}~ \n\0") {
      assertThrows(() => check_path(`/foo${character}`), InvalidPath);
    }
    for (const path of ["", "/foo/", "/a//b", `/${"x".repeat(3072)}`, "x".repeat(2049), "/p\0", "/p\n"]) {
      assertThrows(() => check_path(path), InvalidPath);
      assertThrows(() => check_watch_path(path), InvalidPath);
    }
    for (const path of ["/", "/foo-b_a@r/1", "rel", `/${"x".repeat(3071)}`]) assertEquals(check_path(path), path);
    assertThrows(() => check_watch_path("@foo"), InvalidPath);
    assertThrows(() => check_watch_path("@introduceDomain2"), InvalidPath);
    assertEquals(check_watch_path("@introduceDomain"), "@introduceDomain");
  });

  test("check_perms() rejects a permission that is not a letter and a domid", () => {
    for (const perm of ["foo", "f20", "r-20", "b", "n0\n", ""]) {
      assertThrows(() => check_perms([perm]), InvalidPermission);
    }
    assertEquals(check_perms(["w20", "r0", "b15", "n8"]).length, 4);
  });

  test("error() finds an error by number and by name", () => {
    assertEquals(error(22).args, [22, "Invalid argument"]);
    assertEquals(error("EINVAL").args, [22, "Invalid argument"]);
    assertEquals(error(new TextEncoder().encode("ENOTDIR")).args, [20, "Not a directory"]);
    for (const none of [0, "EFOO"]) assertEquals(error(none).args, [0, "Success"]);
    assertEquals(error(9999).args, [9999, "Unknown error 9999"]);
    assert(error(2) instanceof Error && error(2).message === "(2, 'No such file or directory')");
  });
});

withPeers("pyxs's client", () => {
  describe("pyxs's client", () => {
    test("a Client's string names its connection and path", () => {
      assertEquals(`${new Client("/path")}`, "Client(UnixSocketConnection('/path'))");
      assertEquals(`${new Client(null, "/dev/x")}`, "Client(XenBusConnection('/dev/x'))");
      assertEquals(`${new Client({ xen_bus_path: "/dev/x" })}`, "Client(XenBusConnection('/dev/x'))");
      assert(new Client().router.connection instanceof UnixSocketConnection);
      assert(new XenBusConnection().path.length > 0);
    });

    test("connect() throws ConnectionError if no store listens", () => {
      assertThrows(() => new Client("/none").connect(), ConnectionError);
      assertThrows(() => new Client(null, "/none").connect(), ConnectionError);
    });

    test("a Client writes, reads, lists and deletes nodes", { timeout }, () =>
      withClient((c) => {
        c.write("/foo/bar", "baz");
        assertEquals([c.read("/foo/bar"), c.__getitem__("/foo/bar")], ["baz", "baz"]);
        assertEquals(c.read("/none", "default"), "default");
        assertEquals(argsOf(() => c.read("/none")), [2, "No such file or directory"]);
        c.write("/foo/bytes", new Uint8Array([0, 255, 10, 0]));
        assertEquals([...c.read_bytes("/foo/bytes")], [0, 255, 10, 0]);
        c.write("/foo/copy", c.read("/foo/bytes"));
        assertEquals([...c.read_bytes("/foo/copy")], [0, 255, 10, 0]);
        c.mkdir("/foo/dir");
        assertEquals(c.list("/foo").sort(), ["bar", "bytes", "copy", "dir"]);
        assertEquals([c.exists("/foo/dir"), c.exists("/foo/none")], [true, false]);
        assertEquals(c.list("/foo/dir"), []);
        c.delete("/foo");
        c.delete("/foo");
        assertEquals(argsOf(() => c.delete("/foo/none"))[0], 2);
        for (let i = 0; i < 500; i++) c.mkdir(`/many/a-child-with-a-long-name-${i}`);
        assertEquals(c.list("/many").length, 500);
      }));

    test("get_perms() returns the permissions of set_perms()", { timeout }, () =>
      withClient((c) => {
        c.mkdir("/perms");
        assertEquals(c.get_perms("/perms"), ["n0"]);
        c.set_perms("/perms", ["b0", "n0", "r0"]);
        assertEquals(c.get_perms("/perms"), ["b0", "n0", "r0"]);
        assertThrows(() => c.set_perms("/perms", ["x"]), InvalidPermission);
        assertEquals(argsOf(() => c.set_perms("/perms", []))[0], 22);
      }));

    test("walk() visits parents first, or children first if topdown is false", { timeout }, () =>
      withClient((c) => {
        c.write("/w/a/b", "1");
        c.write("/w/c", "2");
        const paths = (topdown: boolean) => [...c.walk("/w", topdown)].map(([path]) => path);
        assertEquals(paths(true), ["/w", "/w/a", "/w/a/b", "/w/c"]);
        assertEquals(paths(false), ["/w/a/b", "/w/a", "/w/c", "/w"]);
      }));

    test(
      "walk() goes on if a node vanishes, or may not be listed by a guest",
      { timeout },
      () =>
        withClient((c, store) => {
          const home = "/local/domain/5";
          const make = (): void => {
            for (const name of ["a", "gone", "gone/below", "secret", "secret/below", "z", "z/below"]) {
              c.write(`${home}/${name}`, name);
              c.set_perms(`${home}/${name}`, [name.startsWith("secret") ? "n0" : "n5"]);
            }
            c.set_perms(home, ["n5"]);
          };
          make();
          c.introduce_domain(5, 1, 1);
          using guest = new Client(store.domainSocket(5));
          const all = ["=", "/a=a", "/gone=gone", "/gone/below=gone/below", "/secret=", "/z=z", "/z/below=z/below"];
          for (const topdown of [true, false]) {
            const seen = [...guest.walk(home, topdown)].map(([path, value]) => `${path.slice(home.length)}=${value}`);
            assertEquals(seen.toSorted(), all.toSorted());
          }
          for (const client of [c, guest]) {
            make();
            const seen: string[] = [];
            for (const [path] of client.walk(home)) {
              seen.push(path.slice(home.length));
              if (path === home) c.delete(`${home}/gone`);
              if (path !== `${home}/z`) continue;
              c.delete(`${home}/z/below`);
              c.set_perms(`${home}/z`, ["n0"]);
            }
            // The C daemon tells a guest EACCES of what is missing below a node that the guest may not read.
            const [secrets, missing] = client === guest
              ? [["/secret"], ["/z/below"]]
              : [["/secret", "/secret/below"], []];
            assertEquals(seen, ["", "/a", ...secrets, "/z", ...missing]);
          }
          assertEquals(argsOf(() => [...guest.walk(`${home}/secret`)])[0], 13);
        }),
    );

    test("a Client introduces, releases and resumes domains", { timeout }, () =>
      withClient((c) => {
        assertEquals(c.get_domain_path(999), "/local/domain/999");
        assertEquals(c.is_domain_introduced(999), false);
        assertThrows(() => c.introduce_domain(0, 1, 1), RangeError);
        c.introduce_domain(3, 1, 1);
        assertEquals(c.is_domain_introduced(3), true);
        c.introduce_domain(4, 1, 1);
        c.set_target(3, 4);
        c.resume_domain(3);
        c.release_domain(3);
        assertEquals(c.is_domain_introduced(3), false);
      }));

    test("a Client has one transaction at a time, until commit() or rollback()", { timeout }, () =>
      withClient((c) => {
        assert(c.transaction() > 0);
        assertEquals(argsOf(() => c.transaction()), [114, "Operation already in progress"]);
        c.write("/t/a", "1");
        assertEquals(c.__copy__().exists("/t/a"), false);
        assertEquals(c.commit(), true);
        assertEquals([c.tx_id, c.read("/t/a")], [0, "1"]);
        c.transaction();
        c.write("/t/a", "2");
        c.rollback();
        assertEquals([c.tx_id, c.read("/t/a")], [0, "1"]);
        assertEquals(argsOf(() => c.rollback())[0], 2);
        c.transaction();
        c.read("/t/a");
        c.__copy__().write("/t/a", "3");
        c.write("/t/a", "4");
        assertEquals([c.commit(), c.tx_id, c.read("/t/a")], [false, 0, "3"]);
      }));

    test("copies of a Client have concurrent transactions", { timeout }, () =>
      withClient((c) => {
        c.mkdir("/one");
        c.mkdir("/two");
        const other = c.__copy__();
        const [first, second] = [c.transaction(), other.transaction()];
        assert(first !== second && c.router === other.router);
        c.write("/one", "1");
        other.write("/two", "2");
        assertEquals([c.commit(), other.commit()], [true, true]);
      }));

    test("with_() throws if its body leaves a transaction open, unless the body throws", { timeout }, async () => {
      await using store = await startXenstored();
      assertEquals(argsOf(() => with_(new Client(store.socket), (c) => c.transaction())), ["uncommitted transaction"]);
      assertThrows(() =>
        with_(new Client(store.socket), (c) => {
          c.transaction();
          c.write("/foo", "bar");
          throw new EvalError("the body's own");
        }), EvalError);
      assertEquals(with_(new Client(store.socket), (c) => c.exists("/foo")), false);
    });

    test("close() may be called twice, and the Client can connect again", { timeout }, () =>
      withClient((c) => {
        c.write("/foo", "1");
        c.close();
        c.close();
        assertEquals(c.router.is_connected, false);
        c.connect();
        assertEquals(c.read("/foo"), "1");
      }));

    test(
      "requests after close() throw ConnectionError until connect(), also of copies and monitors",
      { timeout },
      () =>
        withClient((c) => {
          const d = c.__copy__();
          const m = c.monitor();
          c.transaction();
          c.write("/from/c", "1");
          m.watch("/m", "token");
          take(m, 1);
          c.close();
          for (const run of [() => d.transaction(), () => c.write("/c", "1"), () => m.close(), () => m.wait().next()]) {
            assertThrows(run, ConnectionError);
          }
          assertEquals(c.router.is_connected, false);
          assertThrows(() => c.commit(), ConnectionError);
          const unused = new Client(c.router.connection.path);
          unused.close();
          assertThrows(() => unused.read("/"), ConnectionError);
        }),
    );

    test("a Client does not use the transaction of another connection", { timeout }, () =>
      withClient((c) => {
        const d = c.__copy__();
        const lost = c.transaction();
        c.close();
        d.connect();
        assertEquals(d.transaction(), lost);
        d.write("/from/d", "1");
        assertEquals(argsOf(() => c.write("/from/c", "1"))[0], 2);
        assertEquals(argsOf(() => c.commit())[0], 2);
        d.rollback();
        assertEquals([c.exists("/from"), c.tx_id], [false, 0]);
        c.transaction();
        d.close();
        d.connect();
        assertEquals([argsOf(() => c.rollback())[0], c.tx_id], [2, 0]);
        c.transaction();
        c.close();
        c.connect();
        assertEquals(c.tx_id, 0);
      }));

    test(
      "a pending wait throws ConnectionError if the daemon is killed",
      { timeout },
      () =>
        withClient(async (c, store) => {
          const m = c.monitor();
          m.watch("/foo", "token");
          take(m, 1);
          await store.kill();
          assertThrows(() => m.wait().next(), ConnectionError);
          assertEquals(c.router.is_connected, false);
        }),
    );

    test("Router and UnixSocketConnection send packets and receive replies", { timeout }, async () => {
      await using store = await startXenstored();
      const router = new Router(new UnixSocketConnection(store.socket));
      router.start();
      const answer = router.send(new Packet(Op.GET_DOMAIN_PATH, "7\0", 42)).get();
      assertEquals([answer.op, answer.rq_id], [Op.GET_DOMAIN_PATH, 42]);
      router.connection.send(new Packet(Op.READ, "/none\0", 43));
      const refused = router.connection.recv();
      assertEquals([refused.op, refused.rq_id, refused.size], [Op.ERROR, 43, 7]);
      router.terminate();
      assertThrows(() => router.send(new Packet(Op.READ, "/\0", 1)), ConnectionError);
    });
  });

  describe("the monitor of pyxs", () => {
    test(
      "a Monitor gets an event immediately, and then events of its own writes and of children",
      { timeout },
      () =>
        withClient((c) => {
          using m = c.monitor();
          m.watch("/m", "boo");
          assertEquals(take(m, 1), [["/m", "boo"]]);
          c.write("/m", "1");
          c.write("/m/child", "1");
          assertEquals(take(m, 2), [["/m", "boo"], ["/m/child", "boo"]]);
          assertEquals([...m.watched], ["/m"]);
          assertEquals(argsOf(() => m.watch("/m", "boo"))[0], 17);
          m.unwatch("/m", "boo");
          assertEquals(m.watched.size, 0);
          assertEquals(argsOf(() => m.unwatch("/m", "boo"))[0], 2);
        }),
    );

    test(
      "a Monitor may have two tokens on a path, and two monitors the same token",
      { timeout },
      () =>
        withClient((c) => {
          using m = c.monitor();
          m.watch("/m", "foo");
          m.watch("/m", "bar");
          assertEquals(take(m, 2), [["/m", "foo"], ["/m", "bar"]]);
          using other = c.monitor();
          // The path and the token are those of the other monitor.
          other.watch("/m", "foo");
          assertEquals(take(other, 1), [["/m", "foo"]]);
          c.write("/m", "1");
          assertEquals(take(m, 2).map(([, token]) => token).sort(), ["bar", "foo"]);
          assertEquals(take(other, 1), [["/m", "foo"]]);
        }),
    );

    test("a Monitor drops events of a removed watch, unless they are requested", { timeout }, () =>
      withClient((c) => {
        using m = c.monitor();
        m.watch("/m", "foo");
        for (let i = 0; i < 128; i++) c.write(`/m/${i}`, "1");
        m.unwatch("/m", "foo");
        m.watch("/other", "bar");
        assertEquals(take(m, 1), [["/other", "bar"]]);
        m.watch("/m", "foo");
        c.write("/m", "1");
        m.unwatch("/m", "foo");
        assertEquals([...m.wait(true).next().value ?? []], ["/m", "foo"]);
      }));

    test("a Monitor gets events of introduced and released domains", { timeout }, () =>
      withClient((c) => {
        using m = c.monitor();
        m.watch("@introduceDomain", "in");
        m.watch("@releaseDomain", "out");
        take(m, 2);
        c.introduce_domain(5, 1, 1);
        assertEquals(take(m, 1), [["@introduceDomain", "in"]]);
        c.release_domain(5);
        assertEquals(take(m, 1), [["@releaseDomain", "out"]]);
      }));

    test("a Monitor ends with its connection, even if the client connects again", { timeout }, () =>
      withClient((c) => {
        const m = c.monitor();
        using disposed = c.monitor();
        m.watch("/m", "token");
        disposed.watch("/m", "token");
        take(m, 1);
        c.write("/m", "1");
        c.exists("/m");
        c.close();
        c.connect();
        assertEquals(take(m, 1), [["/m", "token"]]);
        assertThrows(() => m.wait().next(), ConnectionError);
        assertThrows(() => m.watch("/m", "token"), ConnectionError);
        using other = c.monitor();
        other.watch("/m", "token");
        assertEquals(take(other, 1), [["/m", "token"]]);
      }));

    test("monitor() creates a monitor with its own client", { timeout }, async () => {
      await using store = await startXenstored();
      const m = monitor({ unix_socket_path: store.socket });
      m.watch("/m", "token");
      assertEquals(take(m, 1), [["/m", "token"]]);
      m.close();
      assertEquals(m.client.router.is_connected, false);
    });
  });
});
