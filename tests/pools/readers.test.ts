// Readers of a directory of this host.

import { LocalFiles } from "../../src/pools/files_local.ts";
import { readersSuite } from "./readers.ts";

readersSuite("a directory", (directory) => new LocalFiles(directory));
