// A tour of tsxs, on the store of this machine or an embedded one. Its course is that of `tsxs tour`.

import process from "node:process";
import { connect } from "tsxs";
import { takeTour } from "../src/cli/tour/course.ts";
import { Page } from "../src/cli/tour/page.ts";

const { stdout, env } = process;
const isTerminal = stdout.isTTY === true;
const inColour = isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
const page = new Page(isTerminal ? stdout.columns : 0, inColour, (line) => console.log(line));

await takeTour(page, {
  find: async () => {
    const store = await connect();
    return { store, address: store.address ?? "" };
  },
  embed: () => connect("embedded:"),
}, "docs/guide.md");
