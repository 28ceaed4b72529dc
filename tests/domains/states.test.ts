// The states of domains: libvirt's and Xen's numbers, and the letters of xl list.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { DomainFlag } from "../../src/domains/flags.ts";
import { type DomainReason, DomainState, flagOfState, stateOfLetters, XenbusState } from "../../src/domains/states.ts";

type StateName = keyof typeof DomainState;

describe("the states of domains", () => {
  test("the states have the numbers of libvirt, in their order", () => {
    const names = ["noState", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmSuspended"];
    assertEquals(Object.entries(DomainState), names.map((name, i) => [name, i]));
  });

  test("the states of devices have the numbers of Xen, in their order", () => {
    assertEquals(
      Object.entries(XenbusState),
      [
        "unknown",
        "initialising",
        "initWait",
        "initialised",
        "connected",
        "closing",
        "closed",
        "reconfiguring",
        "reconfigured",
      ].map((name, i) => [name, i]),
    );
  });

  for (
    const [letters, letter, state, reason] of [
      ["r-----", null, "running", "hypervisor"],
      ["-b----", null, "running", "hypervisor"],
      ["------", null, "running", "hypervisor"],
      ["--p---", null, "paused", "hypervisor"],
      ["-bp---", null, "paused", "hypervisor"],
      ["---s--", "-", "shutdown", "poweroff"],
      ["---s--", null, "shutdown", "poweroff"],
      ["---s--", "r", "shutdown", "reboot"],
      ["---s--", "s", "pmSuspended", "suspend"],
      ["---s--", "w", "shutdown", "watchdog"],
      ["---s--", "S", "shutdown", "soft-reset"],
      ["---s--", "c", "crashed", "crash"],
      ["---sc-", "c", "crashed", "crash"],
      ["-----d", null, "shutdown", "dying"],
      ["--ps-d", "-", "shutdown", "dying"],
    ] as const satisfies readonly (readonly [string, string | null, StateName, DomainReason])[]
  ) {
    test(`the letters ${letters} with the reason ${letter} mean ${state}, ${reason}`, () => {
      assertEquals(stateOfLetters(letters, letter), { state: DomainState[state], reason });
    });
  }

  for (
    const [state, flag] of [
      ["noState", "other"],
      ["running", "running"],
      ["blocked", "running"],
      ["paused", "paused"],
      ["shutdown", "other"],
      ["shutoff", "shutoff"],
      ["crashed", "other"],
      ["pmSuspended", "other"],
    ] as const
  ) {
    test(`the state ${state} has the flag ${flag}`, () => {
      assertEquals(flagOfState(DomainState[state]), DomainFlag[flag]);
    });
  }
});
