// The options of the command itself, its help, and its hints after a slip of the fingers.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { subcommandNames } from "../../src/cli/main.ts";
import { VERSION } from "../../src/cli/version.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const never = (): never => {
  throw new Error("connected");
};
const offline = (...words: string[]): Promise<Ran> => run(never, ["tsxs", ...words]);

describe("the options of the command itself", () => {
  test("--address opens the store at the address", async () => {
    await using daemon = new Daemon();
    const addresses: (string | undefined)[] = [];
    const open = (address?: string) => {
      addresses.push(address);
      return daemon.connect();
    };
    for (const words of ["--address unix:/a/b", "--address=unix:/a/b", "-a unix:/a/b", "--addr unix:/a/b", ""]) {
      const { ending } = await run(open, ["tsxs", ...words.split(" ").filter(Boolean), "exists", "/tool"]);
      assertEquals(ending, 0);
    }
    assertEquals(addresses, [...Array(4).fill("unix:/a/b"), undefined]);
  });

  test("an option that is invalid ends the command with a message before it connects", async () => {
    for (
      const [words, text] of [
        [["--address", "/a"], 'invalid address "/a": expected "unix:/path", "xenbus:/path" or "embedded:"'],
        [["--timeout", "x"], "invalid --timeout 'x': expected a number of seconds above 0, at most 2147483"],
        [["--timeout", "0"], "invalid --timeout '0': expected a number of seconds above 0, at most 2147483"],
        [["--color", "red"], "invalid --color 'red': expected auto, always or never"],
        [["--bogus"], "unrecognized option '--bogus'\nSee: tsxs --help"],
        [["--adress=x"], "unrecognized option '--adress=x': did you mean '--address'?\nSee: tsxs --help"],
      ] as const
    ) assertEquals(await offline(...words, "read", "/a"), { ending: 1, stdout: "", stderr: `tsxs: ${text}\n` });
  });

  test("the options of the command come before the subcommand only", async () => {
    const { ending, stderr } = await offline("read", "--address", "unix:/a", "/tool");
    assertEquals([ending, stderr.split("\n")[0]], [1, "read: unrecognized option '--address'"]);
  });

  test("a tool of Xen has no options of the command", async () => {
    const { ending, stderr } = await run(never, ["xenstore-read", "--trace", "/a"]);
    assertEquals([ending, stderr.split("\n")[0]], [1, "xenstore-read: unrecognized option '--trace'"]);
  });

  for (const words of ["read /a", "ls /a", "rm /a", "watch /a", "tree /a", "control check"]) {
    test(`--timeout ends ${words} with status 124 if the store does not answer`, async () => {
      const peer = new Peer();
      peer.serve(() => {});
      const { ending, stdout, stderr } = await run(() => peer.transport, [
        "tsxs",
        "--timeout",
        ".01",
        ...words.split(" "),
      ]);
      assertEquals([ending, stdout], [124, ""]);
      assertMatch(stderr, /^tsxs: [A-Z_]+: the store did not answer within 0\.01 s\n$/);
    });
  }

  test("--timeout ends the command with status 124 if the store does not accept the connection", async () => {
    assertEquals(await run(() => new Promise(() => {}), ["tsxs", "--timeout", ".01", "read", "/a"]), {
      ending: 124,
      stdout: "",
      stderr: "tsxs: connect: the store did not answer within 0.01 s\n",
    });
  });

  test("--timeout changes nothing if the store answers", async () => {
    await using daemon = new Daemon();
    assertEquals(await run(() => daemon.connect(), ["tsxs", "--timeout", "600", "read", "/tool"]), {
      ending: 0,
      stdout: "\n",
      stderr: "",
    });
  });

  for (
    const [name, words, setting] of [
      ["--trace", ["--trace"], {}],
      ["-x", ["-x"], {}],
      ["TSXS_TRACE", [], { variables: { TSXS_TRACE: "1" } }],
    ] as readonly (readonly [string, readonly string[], Setting])[]
  ) {
    test(`${name} prints requests, replies and events to standard error`, async () => {
      await using daemon = new Daemon();
      const command = ["tsxs", ...words, "watch", "-n1", "/tool"];
      const { ending, stdout, stderr } = await run(() => daemon.connect(), command, setting);
      assertEquals([ending, stdout], [0, "/tool\n"]);
      assertEquals(stderr.replaceAll(/\d+\.\d+ ms/g, "TIME").split("\n").sort(), [
        "",
        'tsxs: trace: WATCH "/tool"',
        'tsxs: trace: WATCH "/tool" = "OK\\0" (TIME)',
        'tsxs: trace: WATCH_EVENT "/tool" token "/tool"',
      ]);
    });
  }

  test("--trace escapes what a guest wrote", async () => {
    await using daemon = new Daemon();
    await run(() => daemon.connect(), ["tsxs", "write", "/a", "\x1b[2J\u202e"]);
    const { stderr } = await run(() => daemon.connect(), ["tsxs", "--trace", "read", "/a"]);
    assertStringIncludes(stderr, 'READ "/a" = "\\x1b[2J');
    assert(!/[^\n\P{Cc}]/u.test(stderr), JSON.stringify(stderr));
  });

  test("--trace prints every byte of a value outside of ASCII as its number", async () => {
    await using daemon = new Daemon();
    await run(() => daemon.connect(), ["tsxs", "write", "/a", "\\xc3\\xa9\\xe2\\x80\\xae\\xff"]);
    const { stderr } = await run(() => daemon.connect(), ["tsxs", "--trace", "read", "/a"]);
    assertStringIncludes(stderr, 'READ "/a" = "\\xc3\\xa9\\xe2\\x80\\xae\\xff"');
    assertMatch(stderr, /^[\n -~]+$/);
  });

  test("--trace prints a path that is not ASCII in ASCII", async () => {
    await using daemon = new Daemon();
    const { stderr } = await run(() => daemon.connect(), ["tsxs", "--trace", "watch", "-n1", "/a\u00e9\u200b"]);
    assertStringIncludes(stderr, "/a");
    assertMatch(stderr, /^[\n -~]+$/);
  });

  test("--verbose prints the messages of the library to standard error", async () => {
    await using daemon = new Daemon();
    const command = ["tsxs", "--verbose", "--address", "embedded:x", "exists", "/tool"];
    assertEquals(await run(() => daemon.connect(), command), {
      ending: 0,
      stdout: "",
      stderr: "tsxs: connected to embedded:x\ntsxs: closed\n",
    });
  });
});

describe("the help of the command", () => {
  test("the subcommand may follow --, as may the action of a subcommand", async () => {
    for (const name of ["read", "pool"]) assertEquals(await offline("help", "--", name), await offline("help", name));
    const usage = "tsxs: Usage: tsxs pool show [-h]";
    assertStringIncludes((await offline("pool", "--", "show")).stderr, usage);
    assertStringIncludes((await offline("pool", "show")).stderr, usage);
  });

  test("--version, -V and version print the version of package.json", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
    assertEquals(VERSION, version);
    for (const word of ["--version", "-V", "version"]) {
      assertEquals(await offline(word), { ending: 0, stdout: `tsxs ${version}\n`, stderr: "" });
    }
  });

  test("--help, -h and help print every subcommand and the options", async () => {
    const { ending, stdout, stderr } = await offline("--help");
    assertEquals([ending, stderr], [0, ""]);
    for (const name of subcommandNames) assertMatch(stdout, new RegExp(`^  ${name}  +\\w`, "m"));
    for (const option of ["address", "timeout", "verbose", "trace", "color", "help", "version"]) {
      assertStringIncludes(stdout, `--${option}`);
    }
    for (const words of [["-h"], ["help"], ["--trace", "--help"]]) {
      assertEquals((await offline(...words)).stdout, stdout);
    }
  });

  test("the help fits into 80 columns", async () => {
    const texts = await Promise.all([offline("help"), ...subcommandNames.map((name) => offline("help", name))]);
    const wide = texts.flatMap(({ stdout }) => stdout.split("\n")).filter((line) => line.length > 80);
    assertEquals(wide, []);
  });

  for (const name of subcommandNames) {
    test(`help ${name} prints the usage of ${name} and examples`, async () => {
      const { ending, stdout, stderr } = await offline("help", name);
      assertEquals([ending, stderr], [0, ""]);
      assertStringIncludes(stdout, `Usage: tsxs ${name}`);
      assertMatch(stdout, new RegExp(`^Examples:\n  tsxs ${name}\\b`, "m"));
      assertEquals((await offline("--help", name)).stdout, stdout);
    });
  }
});

describe("did you mean", () => {
  for (
    const [wrong, right] of [["raed", "read"], ["wach", "watch"], ["lst", "list"], ["chmode", "chmod"], ["sl", "ls"]]
  ) {
    test(`the unknown subcommand ${wrong} leads to ${right}`, async () => {
      const text = `tsxs: unknown mode ${wrong}: did you mean '${right}'?`;
      assertEquals(await offline(wrong ?? ""), { ending: 1, stdout: "", stderr: `${text}\n\n` });
      assertEquals(await offline("help", wrong ?? ""), { ending: 1, stdout: "", stderr: `${text}\n` });
    });
  }

  test("an unknown subcommand that resembles none has no hint", async () => {
    assertEquals((await offline("frobnicate")).stderr, "tsxs: unknown mode frobnicate\n\n");
  });

  test("an unknown long option leads to the nearest one of the subcommand", async () => {
    const first = async (...words: string[]): Promise<string | undefined> =>
      (await offline(...words)).stderr.split("\n")[0];
    assertEquals(
      await first("read", "--prefxi", "/a"),
      "read: unrecognized option '--prefxi': did you mean '--prefix'?",
    );
    assertEquals(await first("rm", "--tydi", "/a"), "rm: unrecognized option '--tydi': did you mean '--tidy'?");
    assertEquals(await first("read", "--tydi", "/a"), "read: unrecognized option '--tydi'");
    assertEquals(
      (await run(never, ["xenstore-rm", "--tydi", "/a"])).stderr.split("\n")[0],
      "xenstore-rm: unrecognized option '--tydi'",
    );
  });
});
