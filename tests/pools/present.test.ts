// Damaged states of this host and of pools that are directories of this host.

import { Hosts } from "../../src/pools/hosts.ts";
import { damagedSuite } from "./damaged_states.ts";

damagedSuite("directories", new Hosts(), (path) => path);
