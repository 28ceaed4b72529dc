// Transfers of many states between two directories of this host.

import { LocalFiles } from "../../src/pools/files_local.ts";
import { transferAllSuite } from "./transfers_all.ts";

transferAllSuite("two directories", (directory) => new LocalFiles(directory));
