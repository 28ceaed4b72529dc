// A part of an object whose content is the value of one node.

import type { Client } from "../../mod.ts";
import type { StatePart } from "../../src/pools/mod.ts";

/** A part whose content is the value of the node `/guest`. */
export class Value implements StatePart {
  readonly #store: Client;

  constructor(store: Client) {
    this.#store = store;
  }

  fileOf(state: string): string {
    return `${state}.value`;
  }

  exists(): Promise<boolean> {
    return this.#store.exists("/guest");
  }

  async make(): Promise<void> {
    await this.#store.write("/guest", "made");
  }

  async remove(): Promise<void> {
    await this.#store.delete("/guest");
  }

  parent(): Promise<null> {
    return Promise.resolve(null);
  }

  async keep(...[, states, path]: Parameters<StatePart["keep"]>): Promise<{ readonly parent: null }> {
    const file = await states.files.openPart(path);
    await file.write(await this.#store.read("/guest"), 0);
    await file.close();
    return { parent: null };
  }

  async restore(...[{ object, state }, states]: Parameters<StatePart["restore"]>): Promise<void> {
    for await (const bytes of states.files.read(`${object}/${this.fileOf(state)}`)) {
      await this.#store.write("/guest", bytes);
    }
  }
}
