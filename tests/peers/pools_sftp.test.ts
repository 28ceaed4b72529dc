// Transfers over SFTP, with OpenSSH's server on pipes as the other end.

import { after } from "node:test";
import { Hosts } from "../../src/pools/hosts.ts";
import { leftoversSuite } from "../pools/leftovers.ts";
import { linkedDirectoriesSuite } from "../pools/linked_directories.ts";
import { readersSuite } from "../pools/readers.ts";
import { transferSuite } from "../pools/transfers.ts";
import { transferAllSuite } from "../pools/transfers_all.ts";

const hosts = new Hosts({ command: () => ["/usr/lib/openssh/sftp-server"] });
after(() => hosts.close());

const open = (path: string) => hosts.states({ type: "ssh", user: null, host: "other", port: null, path }).files;
readersSuite("a location over SFTP", open);
leftoversSuite("a location over SFTP", open);
linkedDirectoriesSuite("a location over SFTP", open);
for (const side of ["source", "target"] as const) {
  transferSuite(`a ${side} over SFTP`, open, side);
}

transferAllSuite(
  "a target over two connections that speak SFTP",
  (path, lane) => hosts.states({ type: "ssh", user: null, host: "other", port: null, path }, lane).files,
);
