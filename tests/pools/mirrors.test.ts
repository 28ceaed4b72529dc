// Every operation and policy on a host with two mirrors that are directories.

import { Hosts } from "../../src/pools/hosts.ts";
import { mirrorSuite } from "./mirrors.ts";

mirrorSuite("a directory", new Hosts(), (path) => path);
