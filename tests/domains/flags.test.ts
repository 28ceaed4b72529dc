// The flags of a list: their numbers, their groups, and the combinations that nothing can fit.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { UnknownFlagError } from "../../src/domains/errors.ts";
import {
  checkedFlags,
  DomainFlag,
  formatDomainFlags,
  groupBits,
  isSelected,
  neededGroups,
  possibleFlags,
} from "../../src/domains/flags.ts";

/** The numbers of libvirt-domain.h, virConnectListAllDomainsFlags. */
const libvirt: Readonly<Record<string, number>> = {
  active: 1 << 0,
  inactive: 1 << 1,
  persistent: 1 << 2,
  transient: 1 << 3,
  running: 1 << 4,
  paused: 1 << 5,
  shutoff: 1 << 6,
  other: 1 << 7,
  managedSave: 1 << 8,
  noManagedSave: 1 << 9,
  autostart: 1 << 10,
  noAutostart: 1 << 11,
  hasSnapshot: 1 << 12,
  noSnapshot: 1 << 13,
  hasCheckpoint: 1 << 14,
  noCheckpoint: 1 << 15,
};
const F = DomainFlag;

describe("the flags of a list of domains", () => {
  test("the flags have the numbers of libvirt", () => assertEquals({ ...DomainFlag }, libvirt));

  test("the groups share no flag, and have every flag", () => {
    const groups = Object.values(groupBits);
    assertEquals(groups.reduce((sum, bits) => sum + bits, 0), 65535);
    assertEquals(groups.reduce((all, bits) => all | bits, 0), 65535);
  });

  for (
    const [flags, bit] of [[0x10000, 0x10000], [0x30000, 0x10000], [0x80001, 0x80000], [2 ** 40, 2 ** 40]] as const
  ) {
    test(`flags 0x${flags.toString(16)} are rejected with an error that names bit 0x${bit.toString(16)}`, () => {
      const error = assertThrows(() => checkedFlags(flags), UnknownFlagError, `0x${bit.toString(16)}`);
      assertEquals([error.bit, error.code], [bit, "EINVAL"]);
    });
  }

  for (const flags of [-1, 1.5, NaN, Infinity]) {
    test(`flags ${flags} are rejected, since they are not a set of bits`, () => {
      assertThrows(() => checkedFlags(flags), UnknownFlagError, `${flags}`);
    });
  }

  test("every set of known flags is accepted", () => {
    for (let flags = 0; flags < 65536; flags++) assertEquals(checkedFlags(flags), flags);
  });

  test("formatDomainFlags() writes the names in the order of the numbers", () => {
    assertEquals(formatDomainFlags(0), "");
    assertEquals(formatDomainFlags(F.noCheckpoint | F.active | F.paused), "active paused noCheckpoint");
  });

  for (
    const [name, flags, possible] of [
      ["active and shut off", F.active | F.shutoff, null],
      ["inactive and running", F.inactive | F.running, null],
      ["inactive and paused or other", F.inactive | F.paused | F.other, null],
      ["inactive and transient", F.inactive | F.transient, null],
      ["active and running or shut off", F.active | F.running | F.shutoff, F.active | F.running],
      ["inactive and running or shut off", F.inactive | F.running | F.shutoff, F.inactive | F.shutoff],
      ["active or inactive, and running", F.active | F.inactive | F.running, F.active | F.inactive | F.running],
      ["transient and shut off, of which another group decides", F.transient | F.paused, F.transient | F.paused],
      ["no flag", 0, 0],
    ] as const
  ) {
    test(`possibleFlags() leaves ${possible === null ? "nothing" : "what is possible"} of ${name}`, () => {
      assertEquals(possibleFlags(flags), possible);
    });
  }

  for (
    const [flags, needed] of [
      [0, []],
      [F.active, []],
      [F.active | F.inactive, []],
      [F.inactive, ["persistence: inactive"]],
      [F.persistent, ["persistence: persistent"]],
      [F.persistent | F.transient, []],
      [F.running | F.paused, []],
      [F.running | F.paused | F.other, []],
      [F.running, ["state: running"]],
      [F.paused | F.other, ["state: paused"]],
      [F.other, []],
      [F.shutoff, ["persistence: shutoff"]],
      [F.running | F.paused | F.shutoff | F.other, []],
      [F.managedSave, ["managedSave: managedSave"]],
      [F.noManagedSave, ["managedSave: noManagedSave"]],
      [F.noAutostart, ["autostart: noAutostart"]],
      [F.hasSnapshot | F.noCheckpoint, ["snapshot: hasSnapshot", "checkpoint: noCheckpoint"]],
    ] as const
  ) {
    const name = formatDomainFlags(flags) || "no flags";
    test(`the groups that the store alone does not answer for ${name} are ${needed.join(", ") || "none"}`, () => {
      assertEquals(neededGroups(flags).map(({ group, flag }) => `${group}: ${flag}`), [...needed]);
    });
  }

  test("isSelected() takes the flags of one group as alternatives, and the groups as conditions", () => {
    const groups = Object.values(groupBits);
    // A sample of all domains with a flag of each group, against a sample of all requests.
    const wrong: string[] = [];
    let compared = 0;
    for (let wanted = 0; wanted < 65536; wanted += 97) {
      for (let has = 0; has < 65536; has += 89) {
        if (!groups.every((bits) => (has & bits) !== 0)) continue;
        const expected = groups.every((bits) => (wanted & bits) === 0 || (has & wanted & bits) !== 0);
        compared++;
        if (isSelected(has, wanted) !== expected) {
          wrong.push(`${formatDomainFlags(has)} for ${formatDomainFlags(wanted)}`);
        }
      }
    }
    assertEquals(wrong, []);
    assert(compared > 10_000, `${compared} were compared`);
  });

  test("a domain that runs or is paused fits a request for both, and none for either", () => {
    assert(isSelected(F.active, F.running | F.paused));
    assert(isSelected(F.active, F.running | F.paused | F.other));
    assert(!isSelected(F.active, F.running));
    assert(!isSelected(F.active, F.paused));
    assert(!isSelected(F.active, F.other));
  });

  test("a group without a flag of the domain fits only requests that do not filter by it", () => {
    assert(isSelected(F.active, F.persistent | F.transient));
    assert(!isSelected(F.active, F.persistent));
  });
});
