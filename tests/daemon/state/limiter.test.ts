// The limiter: how many changes guests may save up, and how long they wait beyond that (XSA-206).

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { Domain } from "../../../src/daemon/state/domains.ts";
import { Limiter } from "../../../src/daemon/state/limiter.ts";
import { Quotas } from "../../../src/daemon/tree/quotas.ts";
import { ManualClock } from "../../support/line.ts";

const OTHERS = 1;

function setUp(): { clock: ManualClock; limiter: Limiter; guest: (domid: number) => Domain } {
  const clock = new ManualClock();
  return { clock, limiter: new Limiter(clock), guest: (domid) => new Domain(domid, new Quotas()) };
}

/** Charges a domain until it has to wait. Returns the number of changes that needed no wait, at most 5000. */
function changesUntilDelay(limiter: Limiter, domain: Domain, guests = 1): number {
  for (let count = 0; count < 5000; count++) {
    limiter.charge(domain, OTHERS, guests);
    if (limiter.delay(domain, guests) > 0) return count;
  }
  return Infinity;
}

describe("the limiter", () => {
  test("lets a guest make 10 changes of its own and the 1000 of the common reserve, then delays it", () => {
    const { limiter, guest } = setUp();
    assertEquals(changesUntilDelay(limiter, guest(5)), 1010);
  });

  test("lets another guest make its own 10 changes after one has used up the reserve", () => {
    const { limiter, guest } = setUp();
    changesUntilDelay(limiter, guest(5), 2);
    assertEquals(changesUntilDelay(limiter, guest(6), 2), 10);
  });

  test("saves up no more than that, however long the guest is idle", () => {
    const { clock, limiter, guest } = setUp();
    const five = guest(5);
    changesUntilDelay(limiter, five);
    clock.pass(1_000_000);
    assertEquals(changesUntilDelay(limiter, five), 1010);
    assertEquals(five.credit, -1);
  });

  test("gives a guest 200 changes a second, which all guests share", () => {
    for (const guests of [1, 4]) {
      const { clock, limiter, guest } = setUp();
      const five = guest(5);
      changesUntilDelay(limiter, five, guests);
      assertEquals(limiter.delay(five, guests), 5 * guests);
      clock.pass(2 * guests);
      assertEquals(limiter.delay(five, guests) > 0, true);
      clock.pass(4 * guests);
      assertEquals(limiter.delay(five, guests), 0);
    }
  });

  test("charges neither domain 0, nor a guest while no other transaction is open", () => {
    const { limiter, guest } = setUp();
    const [zero, five] = [guest(0), guest(5)];
    for (let i = 0; i < 2000; i++) {
      limiter.charge(zero, OTHERS, 1);
      limiter.charge(five, 0, 1);
    }
    assertEquals([limiter.delay(zero, 1), limiter.delay(five, 1)], [0, 0]);
  });
});
