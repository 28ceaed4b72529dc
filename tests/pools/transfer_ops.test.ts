// The operations of transfers on a pool that is a directory of this host.

import { Hosts } from "../../src/pools/hosts.ts";
import { transferOpsSuite } from "./transfer_ops.ts";

transferOpsSuite("a directory", new Hosts(), (path) => path);
