// `pool` with several pools: some lack the state, some cannot be used, and the scopes leave some out.

import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run } from "../support/invocation.ts";
import { inTemporary } from "../support/temporary.ts";

interface Bed {
  /** Runs an action. `A` and `B` stand for the paths of pools, `DEAD` for that of one that cannot be used. */
  readonly act: (words: string, host?: string) => Promise<Ran>;
  readonly store: Client;
  readonly base: string;
}

async function withBed(body: (bed: Bed) => Promise<void>): Promise<void> {
  await inTemporary(async (base) => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await store.write("/guest", "web");
    writeFileSync(join(base, "DEAD"), "no directory");
    const act = (words: string, host = "here"): Promise<Ran> => {
      const [action = "", ...args] = words.split(" ").map((word) =>
        word.replace(/(?<=^|=|\+)(A|B|DEAD)$/, join(base, "$1"))
      );
      return run(() => daemon.connect(), ["tsxs", "pool", action, "--directory", join(base, host), ...args]);
    };
    await body({ act, store, base });
  });
}

const S = "--subtree /guest";
const ok = (stdout = "", stderr = ""): Ran => ({ ending: 0, stdout, stderr });
const filesOf = (base: string, place: string): string[] => {
  try {
    return readdirSync(join(base, place, "web")).sort();
  } catch {
    return [];
  }
};
const whole = ["clean.state", "clean.tree"];

describe("pool with several pools", () => {
  for (const pools of ["--pool DEAD --pool B", "--pool B --pool DEAD", "--pool A --pool B", "--pool B --pool A"]) {
    test(`get finds a state that one pool has: ${pools}`, () =>
      withBed(async ({ act, store, base }) => {
        assertEquals(await act(`set ${S} --pool B web clean`), ok());
        await store.write("/guest", "changed");
        assertEquals((await act(`check ${pools} web clean`, "there")).stdout, "clean exists\n");
        const { ending, stdout, stderr } = await act(`get ${S} ${pools} web clean`, "there");
        assertEquals([ending, stdout, await store.readText("/guest")], [0, "", "web"]);
        // A pool that is asked after the one that has the state is not asked at all.
        assertEquals(stderr.split("\n").length - 1, pools.startsWith("--pool DEAD") ? 1 : 0, stderr);
        assertEquals(filesOf(base, "there"), whole);
      }));
  }

  test("get and check of a state that the other pools lack fail if a pool cannot be used, and name it", () =>
    withBed(async ({ act, base }) => {
      for (const words of [`get ${S}`, `get ${S} --policy ri`, `pop ${S}`, "check"]) {
        const { ending, stdout, stderr } = await act(`${words} --pool DEAD --pool B web clean`);
        assertEquals([ending, stdout], [2, ""]);
        assertMatch(stderr, /"clean" of "web": no other place has it, and 1 of its mirrors failed: .*DEAD/);
        assertEquals(stderr.split("\n").length, 2);
      }
      assertEquals(filesOf(base, "here"), []);
    }));

  test("set, push and unset act on the other pools if one cannot be used, and name it", () =>
    withBed(async ({ act, base }) => {
      for (const [action, files] of [[`push ${S}`, whole], [`set ${S}`, whole], ["unset", []]] as const) {
        const { ending, stderr } = await act(`${action} --pool A --pool DEAD --pool B web clean`);
        assertEquals(ending, 2);
        assertMatch(stderr, /"clean" of "web": 1 of its mirrors failed: .*DEAD/);
        for (const place of ["here", "A", "B"]) assertEquals(filesOf(base, place), files);
      }
      const { ending, stderr } = await act("unset --pool A --pool DEAD web clean");
      assertEquals(ending, 2);
      assertMatch(stderr, /no other place has it/);
    }));

  test("push by two hosts at the same time succeeds on one of them", () =>
    withBed(async ({ act, base }) => {
      for (let round = 0; round < 5; round++) {
        const hosts = ["here", "there"];
        const outcomes = await Promise.all(hosts.map((host) => act(`push ${S} --pool A web clean`, host)));
        const lost = outcomes.findIndex(({ ending }) => ending === 2);
        assertEquals([outcomes[1 - lost], outcomes[lost]?.ending], [ok(), 2]);
        assertEquals(
          outcomes[lost]?.stderr,
          'tsxs: push "clean" of "web": the state exists, and the policy "af" aborts\n',
        );
        assertEquals([filesOf(base, "A"), filesOf(base, hosts[lost] ?? "")], [whole, []]);
        assertEquals(await act("unset --pool A web clean", hosts[1 - lost]), ok());
      }
    }));

  test("unset and pop succeed if some pools lack the state, and remove it from the others", () =>
    withBed(async ({ act, base }) => {
      for (const action of ["unset", `pop ${S}`]) {
        for (const pools of ["--pool A --pool B", "--pool B --pool A"]) {
          await act(`set ${S} --pool B web clean`);
          assertEquals(await act(`${action} ${pools} web clean`), ok());
          for (const place of ["here", "A", "B"]) assertEquals(filesOf(base, place), []);
          await act(`set ${S} --pool B web clean`);
          assertEquals(await act(`${action} ${pools} web clean`, "there"), ok());
          for (const place of ["there", "A", "B"]) assertEquals(filesOf(base, place), []);
        }
      }
    }));

  test("show and locks list the other pools if one cannot be used, with the status 2", () =>
    withBed(async ({ act, base }) => {
      await act(`set ${S} --pool B web clean`);
      const { ending, stdout, stderr } = await act("show --json --pool DEAD --pool B web other");
      assertEquals(ending, 2);
      const places = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).pool);
      assertEquals(places, [null, join(base, "B")]);
      assertEquals(stderr.match(/DEAD/g)?.length, 1, stderr);
      for (const action of ["show", "locks"]) {
        const failed = await act(`${action} --scope shared --pool DEAD web`);
        assertEquals([failed.ending, failed.stdout], [2, ""]);
      }
      assertEquals((await act("locks --pool DEAD --pool B web")).ending, 2);
      assertEquals((await act("break-lock --pool DEAD --pool B web clean")).ending, 2);
      assertEquals(await act("show --scope shared --pool A --pool B ../x"), {
        ending: 2,
        stdout: "",
        stderr: 'tsxs: the object "../x" is invalid: a name begins with a dot\n',
      });
    }));

  test("scopes that no pool has are a failure of every action, and name the scopes of the pools", () =>
    withBed(async ({ act, base }) => {
      const message = `tsxs: no pool has the scope swarm: ${join(base, "A")} has shared\n`;
      for (const action of ["get", "set", "push", "pop", "unset", "check", "break-lock"]) {
        assertEquals(await act(`${action} --scope swarm --pool A web clean`), {
          ending: 2,
          stdout: "",
          stderr: message,
        });
      }
      assertEquals((await act("show --scope swarm --pool A web")).stderr, message);
      assertEquals(
        (await act("set -s cluster -p ssh://user@127.0.0.1:1/srv web clean")).stderr,
        "tsxs: no pool has the scope cluster: ssh://user@127.0.0.1:1/srv has swarm: " +
          "--pool GATEWAY=LOCATION names another gateway\n",
      );
      assertEquals(
        (await act("unset -s shared,swarm web clean")).stderr,
        "tsxs: no pool has the scope shared or swarm: no pool is named\n",
      );
    }));

  test("a pool at another gateway has the scope cluster, and is asked after those at the gateway of this host", () =>
    withBed(async ({ act, store, base }) => {
      const scopes = async (options: string): Promise<string[]> => {
        const { stdout } = await act(`show --json ${options} web`, "there");
        return stdout.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))
          .map(({ scope, pool }) => `${scope} ${pool.slice(base.length + 1)}`);
      };
      await act(`set ${S} --pool A web clean`);
      await store.write("/guest", "other");
      await act(`set ${S} --pool B web clean`);
      assertEquals(await scopes("-p paris=A -p B"), ["shared B", "cluster A"]);
      assertEquals(await scopes("-p paris=A -p B -s cluster"), ["cluster A"]);
      assertEquals(await scopes("-g paris -p paris=A -p B"), ["shared A", "shared B"]);
      assertEquals(await scopes("--gateway berlin -p paris=A -p berlin=B"), ["shared B", "cluster A"]);
      assertEquals(await act(`get ${S} -g berlin -p paris=A -p B web clean`, "there"), ok());
      assertEquals(await store.readText("/guest"), "other");
      assertEquals(await act("get -s cluster -g berlin -p paris=A -p B web clean", "there"), ok());
      assertMatch(readFileSync(join(base, "there/web/clean.tree"), "latin1"), /web/);
      assertEquals(await act("set -s cluster -p paris=B web clean", "there"), ok());
      assertMatch(readFileSync(join(base, "B/web/clean.tree"), "latin1"), /web/);
    }));

  test("the name of a gateway is checked alike in both options", () =>
    withBed(async ({ act }) => {
      for (
        const [gateway, fault] of [
          ["", "a name is empty"],
          ["a:b", 'a name contains ":"'],
          ["a+b", 'a name contains "+"'],
          ["a/b", 'a name contains "/"'],
          ["root:SECRET@store", 'a name contains ":"'],
        ] as const
      ) {
        const stderr = `tsxs: the gateway "${gateway.replace("SECRET", "***")}" is invalid: ${fault}\n`;
        for (const options of [`--gateway=${gateway}`, `--pool ${gateway}=A`]) {
          assertEquals([options, await act(`show ${options} web`)], [options, { ending: 2, stdout: "", stderr }]);
        }
      }
      for (const options of ["--gateway a\t", "--pool a\t=A"]) {
        assertMatch((await act(`show ${options} web`)).stderr, /^tsxs: the gateway "a[\\]+t" is invalid: /);
      }
      assertMatch((await act("show --gateway a=b web")).stderr, /the gateway "a=b" is invalid: a name contains "="/);
      for (const name of ["a.b", "h\xc3\xa9", "-x", "a@b.example", "ssh", "link"]) {
        assertEquals((await act(`show --gateway=${name} --pool ${name}=A web`)).ending, 0, name);
      }
      // An equals sign in a location does not end the name of a gateway.
      assertEquals((await act("show --pool /nothing=B/A --pool link+/nothing=B/A web")).ending, 0);
    }));

  test("a pool that is the directory of this host is refused, by whatever path it is named", () =>
    withBed(async ({ act, base }) => {
      const own = join(base, "here");
      const refused = (pool: string): Ran => ({
        ending: 2,
        stdout: "",
        stderr: `tsxs: the pool "${pool}" is invalid: it is the directory of this host, "${own}"\n`,
      });
      symlinkSync(base, join(base, "linked"));
      const spellings = [own, `${own}//`, join(base, "linked/here"), `link+${base}/./linked/here`];
      // The directory is missing, and then it exists.
      for (let round = 0; round < 2; round++) {
        for (const pool of spellings) {
          assertEquals(await act(`push ${S} --pool A --pool ${pool} web clean`), refused(pool));
        }
        assertEquals(filesOf(base, "A"), []);
        mkdirSync(own, { recursive: true });
      }
      assertEquals(await act(`push ${S} --pool ${join(base, "linked/A")} web clean`), ok());
      assertEquals(filesOf(base, "A"), whole);
    }));

  test("unset tries each state, and prints each that it has removed and each failure", () =>
    withBed(async ({ act, base }) => {
      for (const state of ["a", "b", "c"]) await act(`set ${S} --pool A web ${state}`);
      // A directory in the place of the manifest.
      rmSync(join(base, "A/web/a.state"));
      mkdirSync(join(base, "A/web/a.state"));
      const line = (state: string): string => `{"operation":"unset","object":"web","state":"${state}"}\n`;
      const { ending, stdout, stderr } = await act("unset --json --pool A web a b nothing c");
      assertEquals([ending, stdout], [2, line("b") + line("c")]);
      const [failure = "", ignored] = stderr.split("\n");
      assertStringIncludes(failure, `tsxs: unset "a" of "web": 1 of its mirrors failed: "${join(base, "A")}": `);
      assertEquals(ignored, 'tsxs: unset: the state "nothing" of "web" does not exist, and is ignored');
      assertEquals([filesOf(base, "here"), filesOf(base, "A")], [[], ["a.state", "a.tree"]]);
      await act(`set ${S} web b`);
      const aborted = await act("unset --policy fa web nothing b");
      assertEquals([aborted.ending, filesOf(base, "here")], [2, []]);
      await act(`set ${S} web b`);
      assertEquals((await act("unset web b ../c")).ending, 2);
      assertEquals(filesOf(base, "here"), ["b.state", "b.tree"]);
    }));

  test("check tells of each state, also if another one cannot be looked for, and the worst status counts", () =>
    withBed(async ({ act, base }) => {
      for (const state of ["b", "c"]) await act(`set ${S} web ${state}`);
      const { ending, stdout, stderr } = await act("check --pool DEAD web b nope c");
      assertEquals([ending, stdout], [2, "b exists\nc exists\n"]);
      assertMatch(
        stderr,
        new RegExp(`^tsxs: check "nope" of "web": no other place has it, and 1 of .*: "${join(base, "DEAD")}": .*\n$`),
      );
      assertEquals(await act("check web nope b"), { ...ok("nope is missing\nb exists\n"), ending: 1 });
    }));

  test("the message of a failure begins with the action, the state and the object", () =>
    withBed(async ({ act, base }) => {
      const dead = join(base, "DEAD");
      for (const action of ["set", "push"]) {
        const { stderr } = await act(`${action} ${S} --pool DEAD web ${action}-state`);
        const expected = `tsxs: ${action} "${action}-state" of "web": 1 of its mirrors failed: "${dead}": `;
        assertEquals(stderr.slice(0, expected.length), expected);
      }
      // The directory of this host is not usable.
      for (const action of [`get ${S}`, `set ${S}`, `push ${S}`, `pop ${S}`, "check", "unset", "break-lock"]) {
        const { ending, stderr } = await act(`${action} web clean`, "DEAD");
        const name = action.split(" ")[0];
        assertEquals(ending, 2);
        assertMatch(stderr, new RegExp(`^tsxs: ${name} "clean" of "web": .*\n$`), name);
      }
      for (const action of ["show", "locks"]) {
        const { ending, stderr } = await act(`${action} web`, "DEAD");
        assertEquals([action, ending], [action, 2]);
        assertMatch(stderr, new RegExp(`^tsxs: ${action} "web": .*DEAD.*\n$`));
        assertMatch((await act(`${action} --pool DEAD web`)).stderr, new RegExp(`^tsxs: ${action} "web": .*DEAD.*\n$`));
      }
      const { stderr } = await act(`pop ${S} web missing`);
      assertEquals(stderr, 'tsxs: pop "missing" of "web": the state does not exist, and the policy "ra" aborts\n');
    }));
});
