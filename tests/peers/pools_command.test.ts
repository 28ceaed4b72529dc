// The command on disks, with the real qemu-img.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
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
