// The command on disks, with the real qemu-img, and with the real ssh.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { run } from "../support/invocation.ts";
import { inTemporary } from "../support/temporary.ts";

describe("pool with a disk", () => {
  test("get brings the disk to a host that has no such image yet", () =>
    inTemporary(async (base) => {
      await using daemon = new Daemon();
      const act = async (host: string, words: string): Promise<void> => {
        const [action = "", ...args] = words.split(" ");
        const place = ["--directory", join(base, host), "--pool", join(base, "pool")];
        const { ending, stderr } = await run(() => daemon.connect(), ["tsxs", "pool", action, ...place, ...args]);
        assertEquals([ending, stderr], [0, ""]);
      };
      const [image, other] = [join(base, "web.qcow2"), join(base, "other.qcow2")];
      execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", image, "16M"]);
      execFileSync("qemu-io", ["-f", "qcow2", "-c", "write -P 7 1M 1M", image]);
      await act("here", `set --disk root=${image} web clean`);
      assertEquals(existsSync(other), false);
      await act("there", `get --disk root=${other} web clean`);
      execFileSync("qemu-img", ["compare", "-q", image, other]);
    }));

  test("get of a state that is missing makes no image, and get that makes the disk anew keeps its size", () =>
    inTemporary(async (base) => {
      await using daemon = new Daemon();
      const image = join(base, "web.qcow2");
      const act = (words: string) =>
        run(() => daemon.connect(), ["tsxs", "pool", ...words.split(" "), "--directory", join(base, "here")]);
      assertEquals((await act(`get --disk root=${image} web clean`)).ending, 2);
      assertEquals(existsSync(image), false);
      execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", image, "16M"]);
      assertEquals((await act(`get --check-policy fr --disk root=${image} web clean`)).ending, 2);
      const information: unknown = JSON.parse(
        execFileSync("qemu-img", ["info", "--output=json", image], { encoding: "utf8" }),
      );
      assertEquals((information as { "virtual-size": number })["virtual-size"], 16 * 2 ** 20);
    }));
});

describe("pool with a host that cannot be reached", () => {
  const dead = "ssh://user@127.0.0.1:1/srv/pool";

  test("get brings the state from another pool, set and unset act on it, and each names the host", () =>
    inTemporary(async (base) => {
      await using daemon = new Daemon();
      await using store = await connect(daemon.connect());
      await store.write("/guest", "web");
      const act = (words: string) => {
        const [action = "", ...args] = words.split(" ");
        // A pool at another gateway is asked last.
        const pools = ["--gateway", "berlin", "--pool", `berlin=${dead}`, "--pool", `paris=${join(base, "pool")}`];
        const place = ["--directory", join(base, "here"), ...pools];
        return run(() => daemon.connect(), ["tsxs", "pool", action, ...place, ...args]);
      };
      for (const action of ["set", "push"]) {
        const set = await act(`${action} --subtree /guest web ${action}`);
        assertEquals([set.ending, set.stdout], [2, ""]);
        assertMatch(set.stderr, /1 of its mirrors failed: "\/srv\/pool" of "127.0.0.1": .*cannot be reached/);
        assert(existsSync(join(base, `pool/web/${action}.state`)));
      }
      await store.write("/guest", "changed");
      await rm(join(base, "here"), { recursive: true });
      const got = await act("get --subtree /guest web set");
      assertEquals([got.ending, await store.readText("/guest")], [0, "web"]);
      assertMatch(got.stderr, /^tsxs: get "set" of "web": the host "127.0.0.1" cannot be reached.*\n$/);
      assertEquals((await act("check web set")).ending, 0);
      assertEquals((await act("check web missing")).ending, 2);
      const unset = await act("unset web set");
      assertEquals([unset.ending, existsSync(join(base, "pool/web/set.state"))], [2, false]);
    }));
});
