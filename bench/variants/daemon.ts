// Our daemon, in a process of its own. Argument: the path of its socket.

import { Daemon } from "../../src/daemon/daemon.ts";
import { argument } from "./measure.ts";

const daemon = new Daemon();
await daemon.listen(argument(0));
