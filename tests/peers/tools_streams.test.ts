// The command as a process: closed pipes, full disks, a dead daemon, terminals, and arguments that are not UTF-8.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { withPeers } from "./peers.ts";
import { withTools } from "./tools/command.ts";

/** What a shell reports for a command that SIGPIPE ended. */
const BY_SIGPIPE = "141\n";

withPeers("the streams of the command", () => {
  describe("the streams of the command", () => {
    test("a closed pipe ends ls and watch by SIGPIPE, as it ends the real tools", () =>
      withTools(async ({ script }, store) => {
        await store.write("/tool/t", "");
        // More than a pipe and a socket hold.
        await Promise.all(Array.from({ length: 1000 }, (_, i) => store.write(`/tool/t/${i}`, "x".repeat(1000))));
        const piped = '"$@" | head -c 1 > /dev/null; echo "${PIPESTATUS[0]}"';
        for (const side of ["real", "ours"] as const) {
          assertEquals(await script(side, piped, ["xenstore-ls", "-f", "/tool"]), {
            stdout: BY_SIGPIPE,
            stderr: "",
            end: 0,
          });
        }
        // The first event shows that the watch is set. The next one finds the pipe closed.
        const watched = 'exec 3< <("$@"; echo "$?" >status); substitution=$!; read -r line <&3; exec 3<&-; ' +
          '/usr/bin/xenstore-write /tool/t/x 1; wait "$substitution"; cat status';
        for (const side of ["real", "ours"] as const) {
          assertEquals((await script(side, watched, ["xenstore-watch", "/tool/t"])).stdout, BY_SIGPIPE, side);
        }
      }));

    test("output that cannot be written ends the command with a message, which the real tools do not do", () =>
      withTools(async ({ script }) => {
        for (
          const words of [["read", "/tool"], ["list", "/"], ["ls", "/"], ["watch", "-n1", "/a"], ["control", "help"]]
        ) {
          const [mode = "", ...rest] = words;
          const ours = await script("ours", '"$@" > /dev/full', [`xenstore-${mode}`, ...rest]);
          assertEquals(ours, {
            stdout: "",
            stderr: `xenstore-${mode}: cannot write the output: No space left on device\n`,
            end: 1,
          });
        }
      }));

    test("watch ends with a message when the daemon is killed", () =>
      withTools(async ({ script }, _store, _directory, daemon) => {
        // The first event shows that the watch is set.
        const killed = `exec 3< <("$@" 2>&1; echo "$?"); read -r line <&3; kill -KILL ${daemon.pid}; cat <&3`;
        assertEquals(await script("ours", killed, ["xenstore-watch", "/tool"]), {
          stdout: "xenstore-watch: the connection to the store is over\n1\n",
          stderr: "",
          end: 0,
        });
      }));

    test("arguments that are not UTF-8 reach the store, and the messages of a tool, as they are", () =>
      withTools(async ({ script }, store) => {
        const both = `"$@" /tool/t/$$ "$(printf '\\377\\303é')" && "$@" "$(printf '/\\377')" 1; echo "$?"`;
        const [real, ours] = [
          await script("real", both, ["xenstore-write"]),
          await script("ours", both, ["xenstore-write"]),
        ];
        assertEquals(ours, real);
        assertEquals(ours, { stdout: "1\n", stderr: "xenstore-write: could not write path /\xff\n", end: 0 });
        // The command itself escapes what it prints to a terminal.
        const { stderr } = await script("ours", both, ["tsxs", "write"]);
        assertEquals(stderr, "tsxs: could not write path /\\xff\n");
        const names = await store.list("/tool/t");
        assertEquals(names.length, 3);
        for (const name of names) {
          assertEquals([...await store.read(`/tool/t/${name}`)], [0xff, 0xc3, 0xc3, 0xa9]);
        }
      }));

    test("ls cuts its lines to the width of a terminal as the real tool does", () =>
      withTools(async ({ script }, store) => {
        for (const length of [0, 5, 20, 50, 90]) {
          await store.write(`/tool/t/${length}/name-${length}`, "v".repeat(length));
        }
        for (const columns of [120, 40, 12]) {
          for (const options of ["-p", "-fp"]) {
            const words = ["xenstore-ls", options, "/tool/t"];
            const terminal = 'exec script --quiet --return --command "stty cols ' + columns +
              ' && exec $(printf \'%s \' "$@")" /dev/null';
            const [real, ours] = [await script("real", terminal, words), await script("ours", terminal, words)];
            assertEquals(ours, real, `${options} on ${columns} columns`);
            assert(real.stdout.includes(' = "vvvvv"') || columns === 12, real.stdout);
            assertEquals(real.end, 0);
          }
        }
      }));

    test("a link that is found in PATH is called by its name, and starts by itself", () =>
      withTools(async ({ script }) => {
        const found = 'PATH="$PWD:$PATH"; xenstore-read -h; echo "$?"';
        const usage = (options: string): string => `xenstore-read: Usage: xenstore-read ${options} key [...]\n`;
        assertEquals(await script("real", found, []), { stdout: "1\n", stderr: usage("[-h] [-p] [-s] [-R]"), end: 0 });
        assertEquals(await script("ours", found, []), { stdout: "0\n", stderr: usage("[-h] [-p] [-R]"), end: 0 });
      }));
  });
});
