// All protections, by the rooms of the sources.

import type { Protection } from "./protection.ts";
import { blocking } from "./protections/blocking.ts";
import { checkpoints } from "./protections/checkpoints.ts";
import { client } from "./protections/client.ts";
import { completion } from "./protections/completion.ts";
import { daemonLines } from "./protections/daemon_lines.ts";
import { daemonRequests } from "./protections/daemon_requests.ts";
import { daemonState } from "./protections/daemon_state.ts";
import { domainSources } from "./protections/domain_sources.ts";
import { migration } from "./protections/migration.ts";
import { monitors } from "./protections/monitors.ts";
import { persistence } from "./protections/persistence.ts";
import { pools } from "./protections/pools.ts";
import { shell } from "./protections/shell.ts";
import { trace } from "./protections/trace.ts";
import { trees } from "./protections/trees.ts";
import { waits } from "./protections/waits.ts";
import { wire } from "./protections/wire.ts";

/** The protections that `npm run mutate` removes. */
export const protections: readonly Protection[] = [
  ...daemonRequests,
  ...daemonState,
  ...daemonLines,
  ...persistence,
  ...domainSources,
  ...migration,
  ...wire,
  ...client,
  ...monitors,
  ...trees,
  ...waits,
  ...trace,
  ...blocking,
  ...completion,
  ...shell,
  ...checkpoints,
  ...pools,
];
