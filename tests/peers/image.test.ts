// The examples that run the daemon as a service: the steps of the image, by hand in a root of their own, and the unit.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../support/program.ts";
import { withPeers } from "./peers.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The instructions of the Dockerfile, in their order. */
function instructions(): (readonly [name: string, argument: string])[] {
  const text = readFileSync(join(root, "examples/Dockerfile"), "utf8").replace(/^#.*\n/gm, "").replace(/\\\n/g, " ");
  return [...text.matchAll(/^([A-Z]+) +(.*)$/gm)].map(([, name = "", argument = ""]) => [name, argument]);
}

function instruction(name: string): string {
  const [, argument] = instructions().find(([other]) => other === name) ?? [];
  assert(argument !== undefined, `the Dockerfile has no ${name}`);
  return argument;
}

/** Returns the words of an instruction with a list in JSON, quoted for a shell. */
function command(list: string): string {
  const words: readonly string[] = JSON.parse(list.slice(list.indexOf("[")));
  return words.map((word) => `'${word}'`).join(" ");
}

withPeers("the daemon as a service", () =>
  describe("the daemon as a service", () => {
    const directory = mkdtempSync(join(tmpdir(), "tsxs-image-"));
    const tarball = "tsxs-0.0.0.tgz";

    before(() => {
      const packed = join(directory, "package");
      mkdirSync(packed);
      const code = `import("./build/code.ts").then(({ buildCode }) => buildCode(${
        JSON.stringify(join(packed, "dist"))
      }))`;
      writeFileSync(join(packed, "package.json"), readFileSync(join(root, "package.json"), "utf8"));
      execFileSync(join(root, "node_modules", ".bin", "tsx"), ["--eval", code], { cwd: root, stdio: "pipe" });
      for (const file of ["LICENSE", "README.md"]) copyFileSync(join(root, file), join(packed, file));
      const words = ["pack", "--ignore-scripts", "--silent", "--pack-destination", directory];
      const name = execFileSync("npm", words, { cwd: packed, encoding: "utf8" }).trim();
      copyFileSync(join(directory, name), join(directory, tarball));
    });
    after(() => rmSync(directory, { recursive: true }));

    /** Runs a script as root in a copy of this machine's files that is dropped at the end. */
    function inCopy(script: string): ReturnType<typeof runCommand> {
      const setUp = `
        mount -t tmpfs tmpfs /mnt
        mkdir /mnt/upper /mnt/work /mnt/root
        mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
        mount --bind /dev /mnt/root/dev
        mount -t proc proc /mnt/root/proc
        mkdir -p /mnt/root/tmp/package
        cp '${join(directory, tarball)}' /mnt/root/tmp/package/
        exec chroot /mnt/root sh -eu`;
      return runCommand(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", setUp], {}, script);
    }

    test("the steps of the image install the package and run the daemon as a user of its own, which keeps its data", async () => {
      const user = instruction("USER");
      assertEquals(instruction("STOPSIGNAL"), "SIGTERM");
      assertEquals(JSON.parse(instruction("VOLUME")), ["/run/tsxs", "/var/lib/tsxs"]);
      const asUser = `setpriv --reuid ${user} --regid ${user} --clear-groups env ${instruction("ENV")}`;
      const serve = `
        ${asUser} ${command(instruction("ENTRYPOINT"))} &
        daemon=$!
        until ${asUser} ${command(instruction("HEALTHCHECK"))}; do kill -0 $daemon; done`;
      const { code, stdout, stderr } = await inCopy(`
        { ${instruction("RUN")}; } > /dev/null
        ! ${asUser} ${command(instruction("HEALTHCHECK"))} 2> /dev/null
        ${serve}
        stat -c '%U %a' /run/tsxs /var/lib/tsxs /run/tsxs/socket
        ps -o user= -p $daemon
        ${asUser} tsxs write /tool/kept yes
        kill $daemon; wait $daemon; echo "ended with $?"
        ${serve}
        ${asUser} tsxs read /tool/kept
        kill $daemon; wait $daemon`);
      const shown = "tsxs 700\ntsxs 700\ntsxs 600\ntsxs\nended with 0\nyes\n";
      assertEquals([code, stdout], [0, shown], stderr);
      assertStringIncludes(stderr, "listening on /run/tsxs/socket\nstopping on SIGTERM\n");
    });

    test("systemd accepts the unit", async () => {
      writeFileSync(join(directory, "tsxs.service"), readFileSync(join(root, "examples/tsxs.service")));
      const verified = await inCopy(`
        ln -sf /bin/true /usr/local/bin/tsxs
        cp '${directory}/tsxs.service' /etc/systemd/system/
        systemd-analyze verify /etc/systemd/system/tsxs.service
        sed -i 's/^Type=.*/Type=never/' /etc/systemd/system/tsxs.service
        systemd-analyze verify /etc/systemd/system/tsxs.service 2>&1 | grep -c 'Failed to parse service type'`);
      assertEquals(verified, { code: 0, stdout: "1\n", stderr: "" });
    });
  }));
