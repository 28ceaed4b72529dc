// At which end bringing a state fails, with mirrors that are directories of this host.

import { Hosts } from "../../src/pools/hosts.ts";
import { mirrorFaultsSuite } from "./mirror_faults.ts";

mirrorFaultsSuite("a directory", new Hosts(), (path) => path);
