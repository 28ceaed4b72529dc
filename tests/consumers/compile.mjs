// Type-checks with one compiler in many settings, in one process: `compile.mjs COMPILER CONFIG...`. Separate processes
// would spend most of their time on the compiler's start and on reading the same libraries. Prints one line of JSON
// for each setting: its file, and the compiler's messages.

import { dirname } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [compiler, ...configs] = process.argv.slice(2);
const { default: ts } = await import(pathToFileURL(compiler).href);
const libraries = new Map();

for (const config of configs) {
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile);
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(json, ts.sys, dirname(config), {}, config);
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile;
  host.getSourceFile = (file, ...rest) => {
    // The compiler's own libraries are the same in every setting. A package's files may be modules of another kind.
    if (!/\/lib\/lib\.[^/]*\.d\.ts$/.test(file)) return read(file, ...rest);
    if (!libraries.has(file)) libraries.set(file, read(file, ...rest));
    return libraries.get(file);
  };
  const program = ts.createProgram({ rootNames: fileNames, options, host });
  const found = [...errors, ...ts.getPreEmitDiagnostics(program)];
  console.log(JSON.stringify({ config, errors: ts.formatDiagnostics(found, host) }));
}
