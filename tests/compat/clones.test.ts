// Handles belong to their thread.

import { join } from "node:path";
import { describe, test } from "node:test";
import { xs } from "../../compat/xs.ts";
import { Client, Router, UnixSocketConnection, XenBusConnection } from "../../compat/pyxs.ts";
import { assertUncloneable } from "../support/clones.ts";
import { timeout } from "../support/limits.ts";
import { startScriptedServer } from "../support/scripted_server.ts";
import { inDirectory } from "../support/socket.ts";

describe("a structured clone", () => {
  test(
    "of an xs handle fails, whether the handle is open or closed",
    { timeout },
    () =>
      inDirectory(async (directory) => {
        const path = join(directory, "socket");
        await using _server = await startScriptedServer(path);
        const h = xs({ address: `unix:${path}` });
        assertUncloneable(h);
        h.close();
        assertUncloneable(h);
      }),
  );

  test("of a client, monitor, router or connection of pyxs fails", () => {
    const c = new Client("/none");
    for (const object of [c, c.__copy__(), c.monitor(), c.router, new XenBusConnection("/none")]) {
      assertUncloneable(object);
    }
    assertUncloneable(new Router(new UnixSocketConnection("/none")));
  });
});
