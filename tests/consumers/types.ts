// Type-checks users' code against the installed package, by every compiler and in every setting that users have.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Check } from "./checks.ts";
import { deno, modules, run } from "./place.ts";

const COMPILERS = ["typescript-5.4", "typescript-5.9", "typescript-7"];
const RESOLUTIONS = [["esnext", "bundler"], ["node16", "node16"], ["nodenext", "nodenext"]] as const;
const LIBS = [["es2022"], ["es2022", "dom"]];
const TYPES = [[], ["node"], ["bun-types"]];

/** One check for each combination. */
export function typeChecks(directory: string): Check[] {
  const checks: Check[] = [];
  for (const compiler of COMPILERS) {
    for (const [module, moduleResolution] of RESOLUTIONS) {
      for (const lib of LIBS) {
        for (const types of TYPES) {
          // Bun's types are for the newest compilers.
          if (types.includes("bun-types") && compiler === "typescript-5.4") continue;
          const name = `${compiler} ${moduleResolution} lib ${lib.join("+")} types ${types.join("+") || "none"}`;
          const hasSignals = lib.includes("dom") || types.length > 0;
          const config = {
            compilerOptions: {
              module,
              moduleResolution,
              lib,
              types,
              target: "es2022",
              strict: true,
              exactOptionalPropertyTypes: true,
              noUncheckedIndexedAccess: true,
              skipLibCheck: false,
              noEmit: true,
            },
            files: ["types.ts", ...(hasSignals ? ["signals.ts"] : [])].map((file) => join(directory, file)),
          };
          const place = types.includes("bun-types") ? join(directory, "bun") : directory;
          checks.push({ name, run: () => compile(place, name, compiler, config) });
        }
      }
    }
  }
  checks.push({
    name: "deno check",
    run: async () => void await run([deno(), "check", "--quiet", "types.ts", "signals.ts"], directory),
  });
  return checks;
}

async function compile(directory: string, name: string, compiler: string, config: unknown): Promise<void> {
  const file = join(directory, `tsconfig.${name.replace(/\W+/g, "-")}.json`);
  writeFileSync(file, JSON.stringify(config));
  await run([join(modules, compiler, "bin", "tsc"), "-p", file], directory);
}
