// Every backend, operation and policy, and the operations of transfers, with OpenSSH's server on pipes as the other end.

import { after } from "node:test";
import { Hosts } from "../../src/pools/hosts.ts";
import { backendSuites } from "../pools/backends.ts";
import { mirrorSuite } from "../pools/mirrors.ts";
import { transferOpsSuite } from "../pools/transfer_ops.ts";

const hosts = new Hosts({ command: () => ["/usr/lib/openssh/sftp-server"] });
after(() => hosts.close());
const locate = (directory: string): string => `ssh://other${directory}`;

backendSuites("a host over SFTP", hosts, locate);
mirrorSuite("a host over SFTP", hosts, locate);
transferOpsSuite("a host over SFTP", hosts, locate);
