// Two hosts that change one state of a shared directory at the same time.

import { Hosts } from "../../src/pools/hosts.ts";
import { raceSuite } from "./races.ts";

raceSuite("a directory", () => new Hosts(), (path) => path);
