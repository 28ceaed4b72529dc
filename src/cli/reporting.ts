// What `--verbose` and `--trace` print to standard error: the events of the library, as its client prints them.

import { Tracer } from "../client/tracer.ts";
import { Reporter } from "../events/reporter.ts";
import { bytesOf, utf8Of } from "./bytes.ts";
import { escapeLines } from "./escape.ts";
import type { Globals } from "./globals.ts";
import type { Invocation } from "./invocation.ts";

/** Makes the tracer of a connection. The variables of the environment that the library knows count as well. */
export function tracerOf(invocation: Invocation, globals: Globals, reporter?: Reporter): Tracer {
  return new Tracer(reporter ?? reporterOf(invocation, globals));
}

function reporterOf(invocation: Invocation, { verbose, trace }: Globals): Reporter {
  const reporter = new Reporter({
    variable: (name) => invocation.variable(name),
    write: (line) => {
      try {
        invocation.writeError(bytesOf(escapeLines(utf8Of(`${line}\n`))));
      } catch { /* standard error is closed */ }
    },
  });
  if (verbose) reporter.verbose = true;
  if (trace) reporter.trace = true;
  return reporter;
}
