// Damaged states, and faults of either end of a get, with OpenSSH's server on pipes as the other end.

import { after } from "node:test";
import { Hosts } from "../../src/pools/hosts.ts";
import { damagedSuite } from "../pools/damaged_states.ts";
import { mirrorFaultsSuite } from "../pools/mirror_faults.ts";

const hosts = new Hosts({ command: () => ["/usr/lib/openssh/sftp-server"] });
after(() => hosts.close());
const locate = (directory: string): string => `ssh://other${directory}`;

damagedSuite("directories of a host over SFTP", hosts, locate);
mirrorFaultsSuite("a host over SFTP", hosts, locate);
