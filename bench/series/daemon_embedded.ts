// The daemon in its client's process: requests without a socket, among few nodes and among many, and the heap they take.

import { variant } from "../programs.ts";
import { runRounds } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import { type Series, verdict } from "./series.ts";

const ROUNDS = 3;
const SIZES = [1000, 100_000, 1_000_000];
const MODES = ["transaction", "read", "write", "read any", "write any"];
/** How much more time requests may take with many nodes: for one node, and for any of them. */
const FLAT = { one: 1.3, any: 1.5 } as const;
/** Bytes of heap that a node may take. */
export const HEAP = 200;

/** The daemon in the same process. */
export const daemonEmbeddedSeries: Series = {
  name: "daemon-embedded",
  title: "The daemon in its client's process: an empty transaction, requests for one node, and for any of all",
  async run({ runtimes, stores, quick, print }) {
    const sizes = quick ? [100, 400] : SIZES;
    const programs = (quick ? runtimes.slice(0, 1) : runtimes).map((runtime) =>
      variant(runtime, "embedded", MODES.join(","), quick ? "20" : "20000", ...sizes.map((size) => `${size}`))
    );
    const results = await runRounds(programs, quick ? 1 : ROUNDS, stores, "same");
    const texts = sizes.map((size) => size.toLocaleString("en"));
    for (const mode of MODES) {
      const rows = programs.map(({ name }) => {
        const slowdown = results.ratio(name, `${mode} ${sizes.at(-1)}`, name, `${mode} again`);
        const times = [...sizes, "again"].map((size) => spreadText(results.spread(name, `${mode} ${size}`)));
        return [
          name,
          ...times,
          spreadText(slowdown),
          verdict(slowdown.median, mode.endsWith("any") ? FLAT.any : FLAT.one),
        ];
      });
      print(table([mode, ...texts.map((text) => `us, of ${text}`), `of ${texts[0]} again`, "most / again", ""], rows));
    }
    const rows = programs.map(({ name }) => {
      const heaps = sizes.map((size) => results.spread(name, `heap ${size}`));
      return [name, ...heaps.map(spreadText), verdict(heaps.at(-1)?.median ?? NaN, HEAP)];
    });
    print(table(["heap by node", ...texts.map((text) => `bytes, of ${text}`), ""], rows));
  },
};
