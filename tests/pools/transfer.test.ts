// Transfers between two directories of this host.

import { LocalFiles } from "../../src/pools/files_local.ts";
import { transferSuite } from "./transfers.ts";

transferSuite("two directories", (directory) => new LocalFiles(directory), "source");
