// Type-checks users' code with the installed package, by every compiler and in every supported setting.

import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Check } from "./checks.ts";
import { deno, modules, run } from "./place.ts";

const here = dirname(fileURLToPath(import.meta.url));
const RESOLUTIONS = [["esnext", "bundler"], ["node16", "node16"], ["nodenext", "nodenext"]] as const;
const LIBS = [["es2022"], ["es2022", "dom"]];
/** The compilers, and the runtime types for each. Bun's types need the newest compiler. */
const COMPILERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "typescript-5.4": [[], ["node"]],
  "typescript-5.9": [[], ["node"], ["bun-types"]],
  "typescript-7": [[], ["node"], ["bun-types"]],
};

/** A setting: its name and its file. */
interface Setting {
  readonly name: string;
  readonly config: string;
}

/** One check for each combination. */
export function typeChecks(directory: string): Check[] {
  const checks: Check[] = [];
  for (const [compiler, typesOf] of Object.entries(COMPILERS)) {
    const settings = RESOLUTIONS.flatMap(([module, moduleResolution]) =>
      LIBS.flatMap((lib) =>
        typesOf.map((types) => writeSetting(directory, compiler, module, moduleResolution, lib, types))
      )
    );
    checks.push(...compiler === "typescript-7" ? oneByOne(compiler, settings) : together(compiler, settings));
  }
  checks.push({
    name: "deno check",
    run: async () => void await run([deno(), "check", "--quiet", "types.ts", "signals.ts"], directory),
  });
  return checks;
}

function writeSetting(
  directory: string,
  compiler: string,
  module: string,
  moduleResolution: string,
  lib: readonly string[],
  types: readonly string[],
): Setting {
  const name = `${compiler} ${moduleResolution} lib ${lib.join("+")} types ${types.join("+") || "none"}`;
  const place = types.includes("bun-types") ? join(directory, "bun") : directory;
  const config = join(place, `tsconfig.${name.replace(/\W+/g, "-")}.json`);
  const hasSignals = lib.includes("dom") || types.length > 0;
  const compilerOptions = {
    module,
    moduleResolution,
    lib,
    types,
    target: "es2022",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    // The compiler's own libraries are not checked, because they take the longest.
    skipDefaultLibCheck: true,
    noEmit: true,
  };
  const files = ["types.ts", ...(hasSignals ? ["signals.ts"] : [])].map((file) => join(directory, file));
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  return { name, config };
}

/** A fast compiler without an interface for programs. */
function oneByOne(compiler: string, settings: readonly Setting[]): Check[] {
  const tsc = join(modules, compiler, "bin", "tsc");
  return settings.map(({ name, config }) => ({
    name,
    run: async () => void await run([tsc, "-p", config], dirname(config)),
  }));
}

/** A compiler in one process for all settings with the same types. */
function together(compiler: string, settings: readonly Setting[]): Check[] {
  const library = join(modules, compiler, "lib", "typescript.js");
  let all: Promise<Map<string, string>> | null = null;
  const compileAll = async (): Promise<Map<string, string>> => {
    const program = [process.execPath, join(here, "compile.mjs"), library, ...settings.map(({ config }) => config)];
    const lines = (await run(program, here)).trim().split("\n");
    return new Map(lines.map((line) => JSON.parse(line)).map(({ config, errors }) => [config, errors]));
  };
  return settings.map(({ name, config }) => ({
    name,
    async run() {
      const errors = (await (all ??= compileAll())).get(config);
      if (errors !== "") throw new Error(errors ?? `the compiler said nothing of ${config}`);
    },
  }));
}
