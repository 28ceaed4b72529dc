// Every backend, operation and policy on this host, for states that exist and states that are missing.

import { Hosts } from "../../src/pools/hosts.ts";
import { backendSuites } from "./backends.ts";

backendSuites("a directory", new Hosts(), (path) => path);
