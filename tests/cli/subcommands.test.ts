// The subcommands against an embedded store, in the process of the test.

import { describe, test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";

/** Calls a function with a store, and a way to run commands on it. */
async function withStore(
  body: (command: (words: string, setting?: Setting) => Promise<Ran>, store: Client, daemon: Daemon) => Promise<void>,
): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await body((words, setting) => run(() => daemon.connect(), words.split(" "), setting), store, daemon);
}

const ok = (stdout = ""): Ran => ({ ending: 0, stdout, stderr: "" });
const failed = (stderr: string, stdout = ""): Ran => ({ ending: 1, stdout, stderr });

describe("the subcommands", () => {
  test("write and read change and print values", () =>
    withStore(async (command) => {
      assertEquals(await command("tsxs write /a one /b two\\n\\xff"), ok());
      assertEquals(await command("tsxs read /a /b"), ok("one\ntwo\\n\\xff\n"));
      assertEquals(await command("tsxs read -p /a"), ok("/a: one\n"));
      assertEquals(await command("tsxs read -pR /a /b"), ok("/a: one/b: two\n\xff"));
      assertEquals(await command("tsxs write -R /a \\n\u00e9"), ok());
      assertEquals(await command("tsxs read -R /a"), ok("\\n\xc3\xa9"));
    }));

  test("read prints the values before the first one that it cannot read", () =>
    withStore(async (command) => {
      assertEquals(await command("tsxs read /tool /n /tool"), failed("tsxs: couldn't read path /n\n", "\n"));
      assertEquals(await command("tsxs read /n"), failed("tsxs: couldn't read path /n\n"));
    }));

  test("write changes nothing if one of the paths is invalid", () =>
    withStore(async (command, store) => {
      assertEquals(await command("tsxs write /a 1 /b/ 2"), failed("tsxs: could not write path /b/\n"));
      assertEquals(await store.exists("/a"), false);
    }));

  test("list prints names, or paths without a second slash", () =>
    withStore(async (command, store) => {
      await store.write("/a/b", "");
      await store.write("/a/c", "");
      assertEquals(await command("tsxs list /a"), ok("b\nc\n"));
      assertEquals(await command("tsxs list -p /a /"), ok("/a/b\n/a/c\n/tool\n/local\n/a\n"));
      assertEquals(await command("tsxs list /a /n"), failed("tsxs: could not list path /n\n", "b\nc\n"));
    }));

  test("exists tells by its status whether all nodes exist", () =>
    withStore(async (command) => {
      assertEquals(await command("tsxs exists /tool"), ok());
      assertEquals(await command("tsxs exists /tool /n"), failed(""));
    }));

  test("rm removes all nodes or none", () =>
    withStore(async (command, store) => {
      await store.write("/a/b", "");
      assertEquals(await command("tsxs rm /a /n/x"), failed("tsxs: could not remove path /n/x\n"));
      assertEquals(await store.exists("/a/b"), true);
      assertEquals(await command("tsxs rm /a"), ok());
      assertEquals(await store.exists("/a"), false);
    }));

  test("rm -t removes the empty parents, up to one with a value or a child", () =>
    withStore(async (command, store) => {
      await store.write("/a/b/c/d", "");
      await store.write("/a", "value");
      assertEquals(await command("tsxs rm -t /a/b/c/d"), ok());
      assertEquals(await store.list("/a"), []);
      await store.write("/b/c", "");
      assertEquals(await command("tsxs rm --tidy /b/c"), ok());
      assertEquals(await store.exists("/b"), false);
    }));

  test("ls prints a tree, with permissions, or with whole paths", () =>
    withStore(async (command, store) => {
      await store.write("/a/b/c", "1");
      await store.write("/a/d", "\x1b[2J");
      await store.setPerms("/a/d", ["n0", "r5"]);
      assertEquals(await command("tsxs ls /a"), ok('b = ""\n c = "1"\nd = "\\x1b[2J"\n'));
      assertEquals(
        await command("tsxs ls -fp /a"),
        ok('/a/b = ""   (n0)\n/a/b/c = "1"   (n0)\n/a/d = "\\x1b[2J"   (n0,r5)\n'),
      );
      assertEquals(await command("tsxs ls /a /n"), {
        ...failed("tsxs: xs_directory (/n): No such file or directory\n"),
        stdout: 'b = ""\n c = "1"\nd = "\\x1b[2J"\n',
      });
      assertEquals((await command("tsxs ls")).stdout.split("\n").filter((line) => /^\S/.test(line)), [
        'tool = ""',
        'local = ""',
        'a = ""',
      ]);
    }));

  test("chmod sets permissions, of parents with -u, and of everything below with -r", () =>
    withStore(async (command, store) => {
      await store.write("/a/b/c/d", "");
      const letters = async (path: string): Promise<string> =>
        (await command(`tsxs ls -fp ${path}`)).stdout.replaceAll(/^(\S+) = "" +\((.*)\)$/gm, "$1 $2");
      assertEquals(await command("tsxs chmod -u /a/b n1 r2"), ok());
      assertEquals(await letters("/a"), "/a/b n1,r2\n/a/b/c n0\n/a/b/c/d n0\n");
      assertEquals(await command("tsxs chmod /a/b n0 b3 -r"), ok());
      assertEquals(await letters("/a"), "/a/b n0,b3\n/a/b/c n0,b3\n/a/b/c/d n0,b3\n");
      assertEquals((await store.getPerms("/a"))[0]?.domid, 1);
    }));

  test("chmod reports a wrong letter and a missing node", () =>
    withStore(async (command) => {
      assertEquals(await command("tsxs chmod /tool x0"), failed("tsxs: Invalid permission specification: 'x'\n"));
      const text = "Error occurred setting permissions on '/n': No such file or directory";
      assertEquals(await command("tsxs chmod /n n0"), failed(`tsxs: ${text}\n`));
      assertEquals(
        await command("tsxs chmod a -u n0"),
        failed(
          "tsxs: Error occurred setting permissions on 'a': No such file or directory\n",
        ),
      );
    }));

  test("watch prints as many events as -n says, beginning with one for each path", () =>
    withStore(async (command) => {
      assertEquals(await command("tsxs watch -n2 /a /b"), ok("/a\n/b\n"));
      assertEquals(await command("tsxs watch /a -n 0"), ok());
      assertEquals(await command("tsxs watch /a /a"), failed("tsxs: Unable to add watch on /a\n\n"));
    }));

  test("watch prints each of several equal events", async () => {
    const peer = new Peer();
    peer.serve((request) => {
      request.ok();
      for (let i = 0; i < 4; i++) peer.event("/a", "/a");
    });
    assertEquals(await run(() => peer.transport, ["tsxs", "watch", "-n4", "/a"]), ok("/a\n".repeat(4)));
  });

  test("watch -d prints only the events of so many levels", () =>
    withStore(async (command, store) => {
      const lines: string[] = [];
      let onFirst = (): void => {};
      const first = new Promise<void>((resolve) => onFirst = resolve);
      const ended = command("tsxs watch -n 2 --depth=1 /a", {
        writeOutput: (bytes) => {
          lines.push(new TextDecoder().decode(bytes));
          onFirst();
        },
      });
      await first;
      await store.write("/a/b/c", "");
      await store.write("/a/d", "");
      assertEquals((await ended).ending, 0);
      assertEquals(lines.join(""), "/a\n/a/d\n");
    }));

  test("watch -d fails on a store that does not know the depth of watches", async () => {
    await using daemon = new Daemon();
    const open = () => ({ ...daemonTransport(daemon), traits: { payloadMax: 4080, shared: true } });
    assertEquals(
      await run(open, ["tsxs", "watch", "-d1", "/a"]),
      failed("tsxs: Unable to add watch on /a with depth 1\n\n"),
    );
  });

  test("control prints the answer of the daemon, and its help after an unknown command", () =>
    withStore(async (command) => {
      assertEquals(await command("tsxs control check"), ok("OK\n"));
      const { ending, stdout, stderr } = await command("tsxs control bogus");
      assertEquals([ending, stdout], [3, ""]);
      assertStringIncludes(stderr, "Command not supported. Valid commands are:\n");
      assertEquals(await command("tsxs control"), {
        ending: 2,
        stdout: "",
        stderr: "Usage:\ntsxs control <command> [<arg>...]\n",
      });
    }));

  test("control ends as usual if standard error is closed", async () => {
    await using daemon = new Daemon();
    const writeError = (): never => {
      throw new Error("closed");
    };
    assertEquals((await run(() => daemon.connect(), ["tsxs", "control", "bogus"], { writeError })).ending, 3);
  });

  test("control live-update reports missing arguments", () =>
    withStore(async (command) => {
      for (
        const [words, text] of [
          ["", "Missing binary specification"],
          [" -t", "Missing timeout value"],
          [" -c", "Missing command line value"],
          [" -v", "Missing version value"],
        ]
      ) assertEquals(await command(`tsxs control live-update${words}`), { ending: 2, stdout: "", stderr: `${text}\n` });
    }));
});

function daemonTransport(daemon: Daemon) {
  const transport = daemon.connect();
  return {
    start: transport.start.bind(transport),
    send: transport.send.bind(transport),
    close: transport.close.bind(transport),
  };
}

describe("the name of the program", () => {
  test("a program named xenstore-read is that tool", () =>
    withStore(async (command) => {
      assertEquals(await command("/bin/xenstore-read /n"), failed("xenstore-read: couldn't read path /n\n"));
      assertEquals(
        await command("/bin/xenstore-read"),
        failed(
          "xenstore-read: Usage: /bin/xenstore-read [-h] [-p] [-R] key [...]\n",
        ),
      );
      assertEquals(await command("/bin/xenstore-read -h"), {
        ...failed("xenstore-read: Usage: /bin/xenstore-read [-h] [-p] [-R] key [...]\n"),
        ending: 0,
      });
    }));

  test("tsxs names its subcommand in the usage, and in complaints about options", () =>
    withStore(async (command) => {
      assertEquals(await command("tsxs"), failed("tsxs: Usage: tsxs <mode> [-h] [...]\n"));
      assertEquals(await command("tsxs bogus"), failed("tsxs: unknown mode bogus\n\n"));
      assertEquals(
        await command("tsxs rm -n /a"),
        failed("tsxs: Usage: tsxs rm [-h] [-t] key [...]\n"),
      );
    }));

  test("the old option -s is accepted and has no effect", () =>
    withStore(async (command) => assertEquals(await command("tsxs read -s /tool"), ok("\n"))));

  test("POSIXLY_CORRECT ends the options at the first operand", () =>
    withStore(async (command) => {
      const setting = { variables: { POSIXLY_CORRECT: "" } };
      assertEquals(await command("tsxs read /tool -p", setting), failed("tsxs: couldn't read path -p\n", "\n"));
    }));
});
