// `tour`: shows the calls of the library and their results, on a store.

import { utf8Of } from "./bytes.ts";
import { clientOf } from "./client.ts";
import { isColoured } from "./colours.ts";
import type { Context } from "./context.ts";
import { Failure, OutputError, reasonOf } from "./invocation.ts";
import { ownArgumentsOf, type Syntax } from "./own_arguments.ts";
import { Printer } from "./printer.ts";
import { takeTour } from "./tour/course.ts";
import { Page } from "./tour/page.ts";
import type { Opening } from "./tour/store.ts";

const syntax: Syntax = { options: [], usage: "[-h]", operands: [0, 0], status: 1 };
const GUIDE = "https://github.com/tsxs/tsxs/blob/main/docs/guide.md";

/** Takes the tour. */
export async function tour(context: Context): Promise<number> {
  ownArgumentsOf(context, syntax);
  const { invocation, globals, limit } = context;
  const printer = new Printer(invocation);
  const page = new Page(invocation.columns() ?? 0, isColoured(context), (line) => {
    printer.print(utf8Of(`${line}\n`));
    printer.flush();
  });
  const opening: Opening = {
    find: async () => {
      const { transport, address } = await invocation.open(globals.address).catch((error: unknown) => {
        if (globals.address === undefined) throw error;
        throw new Failure(`xs_open: ${reasonOf(error)}`);
      });
      return { store: await clientOf(transport, globals), address };
    },
    embed: async () => await clientOf("embedded:", globals),
  };
  try {
    await takeTour(page, opening, GUIDE, limit);
  } catch (error) {
    if (error instanceof Failure || error instanceof OutputError) throw error;
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
  return 0;
}
