// Makes and ends domains in a process of its own, as a toolstack does. Runs as: domain_life.ts SOCKET FIRST COUNT
//
// The domains start and end one after the other, four of them at a time. Each ends after /tool/seen/NUMBER exists. The last
// ones start again after their end, with another number.

import process from "node:process";
import { connect } from "../../mod.ts";
import { endGuest, type Guest, startGuest } from "../support/guests.ts";
import { uuidFor } from "../support/domains.ts";

const AT_A_TIME = 4;

const [socket = "", firstText = "", countText = ""] = process.argv.slice(2);
const [first, count] = [Number(firstText), Number(countText)];
await using store = await connect(`unix:${socket}`);
const living: Guest[] = [];
for (let i = 0; i < count; i++) {
  const guest = { id: first + i, name: `guest ${i}`, uuid: uuidFor(first + i) };
  await startGuest(store, guest);
  living.push(guest);
  if (living.length === AT_A_TIME) await endOne(i);
}
while (living.length > 0) await endOne(count);

/** Ends the oldest domain, and lets some of them start again with another number. */
async function endOne(i: number): Promise<void> {
  const [guest, ...others] = living;
  if (guest === undefined) return;
  living.splice(0, living.length, ...others);
  await store.waitFor(`/tool/seen/${guest.id}`, (value) => value !== null);
  await endGuest(store, guest);
  if (i < count * 3 / 4 || guest.id >= first + count) return;
  const again = { ...guest, id: guest.id + count };
  await startGuest(store, again);
  living.push(again);
}
