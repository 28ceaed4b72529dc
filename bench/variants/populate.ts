// Writes many nodes. Arguments: from which number, to which.

import { connect } from "../../mod.ts";
import { argument } from "./measure.ts";
import { NODES, writeNodes } from "./nodes.ts";

await using store = await connect();
const [from, to] = [Number(argument(0)), Number(argument(1))];
if (from === 0) await store.delete(NODES);
await writeNodes(store, from, to);
