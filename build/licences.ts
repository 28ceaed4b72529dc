// The licences of the packages whose code or text is in the package's files.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./entries.ts";

/** What is read of a package's manifest. */
interface Manifest {
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
  readonly homepage?: string;
}

const MIT =
  `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

/** Writes the licences of packages to a file. Throws an `Error` if the text of a licence is unknown. */
export function writeLicences(file: string, packages: Iterable<string>): void {
  const texts = [...new Set(packages)].sort().map(licenceOf);
  writeFileSync(file, `Parts of these packages are in the files of tsxs.\n\n${texts.join("\n")}`);
}

/** Returns the names of the packages of files such as `node_modules/@scope/name/index.js`. */
export function packagesOf(files: readonly string[]): string[] {
  return files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
}

function licenceOf(name: string): string {
  const directory = join(ROOT, "node_modules", name);
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
  const { version, license, author, homepage } = manifest;
  const own = readdirSync(directory).find((file) => /^licen[cs]e/i.test(file));
  const holder = typeof author === "string" ? author : author?.name;
  const head = `${name} ${version}${homepage === undefined ? "" : `, ${homepage}`}\n\n`;
  if (own !== undefined && existsSync(join(directory, own))) {
    return `${head}${readFileSync(join(directory, own), "utf8").trimEnd()}\n`;
  }
  if (license !== "MIT" || holder === undefined) throw new Error(`cannot find the licence of ${name}: it has no file`);
  return `${head}MIT License\n\nCopyright (c) ${holder}\n\n${MIT}`;
}
