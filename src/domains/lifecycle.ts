// The events of the lives of domains: libvirt's numbers, and what an event tells.

import type { Domain } from "./domain.ts";

/**
 * The types of events, with the numbers of libvirt's `virDomainEventType`.
 *
 * @example
 * ```ts
 * import { LifecycleType } from "tsxs/domains";
 *
 * console.log(LifecycleType.started, LifecycleType.stopped); // 2 5
 * ```
 */
export const LifecycleType = {
  /** A definition was added or changed. */
  defined: 0,
  /** A definition was removed. */
  undefined: 1,
  /** The domain runs. */
  started: 2,
  /** The domain is paused. */
  suspended: 3,
  /** The domain runs after a pause. */
  resumed: 4,
  /** The domain has ended. */
  stopped: 5,
  /** The guest has shut down, and its domain is still there. */
  shutdown: 6,
  /** The guest suspended itself by its power management. */
  pmSuspended: 7,
  /** The guest has crashed, and its domain is still there. */
  crashed: 8,
} as const;

/** The name of a type of events. */
export type LifecycleName = keyof typeof LifecycleType;

/**
 * The details of each type of events, with the numbers of libvirt.
 *
 * @example
 * ```ts
 * import { LifecycleDetail } from "tsxs/domains";
 *
 * console.log(LifecycleDetail.stopped.saved); // 4
 * ```
 */
export const LifecycleDetail = {
  /** The details of `defined`. */
  defined: { added: 0, updated: 1, renamed: 2, fromSnapshot: 3 },
  /** The details of `undefined`. */
  undefined: { removed: 0, renamed: 1 },
  /** The details of `started`. */
  started: { booted: 0, migrated: 1, restored: 2, fromSnapshot: 3, wakeup: 4 },
  /** The details of `suspended`. */
  suspended: {
    paused: 0,
    migrated: 1,
    ioError: 2,
    watchdog: 3,
    restored: 4,
    fromSnapshot: 5,
    apiError: 6,
    postcopy: 7,
    postcopyFailed: 8,
  },
  /** The details of `resumed`. */
  resumed: { unpaused: 0, migrated: 1, fromSnapshot: 2, postcopy: 3, postcopyFailed: 4 },
  /** The details of `stopped`. */
  stopped: { shutdown: 0, destroyed: 1, crashed: 2, migrated: 3, saved: 4, failed: 5, fromSnapshot: 6 },
  /** The details of `shutdown`. */
  shutdown: { finished: 0, guest: 1, host: 2 },
  /** The details of `pmSuspended`. */
  pmSuspended: { memory: 0, disk: 1 },
  /** The details of `crashed`. */
  crashed: { panicked: 0, crashLoaded: 1 },
} as const;

/** An event of the life of a domain. */
export interface LifecycleEvent {
  /** What happened. */
  readonly type: LifecycleName;
  /** The number of the type in {@linkcode LifecycleType}. */
  readonly typeNumber: number;
  /** How it happened, as far as the sources tell. */
  readonly detail: string;
  /** The number of the detail in {@linkcode LifecycleDetail}. */
  readonly detailNumber: number;
  /** The number of the domain. `null` for a definition. */
  readonly id: number | null;
  /** The name of the domain. `null` if the domain was gone before it was read. */
  readonly name: string | null;
  /** The UUID of the domain. `null` if it is not known. */
  readonly uuid: string | null;
  /**
   * The domain as the last list had it that contained it. `null` for a definition, and for a domain that was gone
   * before it was read.
   */
  readonly domain: Domain | null;
  /**
   * The number of the domain before a reboot. `null` if the event is not the start after a reboot.
   *
   * A start counts as one if a domain of the same UUID ended in the minute before, and was neither saved nor migrated.
   */
  readonly rebootOf: number | null;
  /** The evidence of the type and of the detail. */
  readonly evidence: string;
}

/** Events were lost here, since the events before them were not taken in time. */
export interface LostEvents {
  /** The kind of the event. */
  readonly type: "overflow";
  /** The number of lost events. */
  readonly lost: number;
}

/** An event of {@linkcode watchDomains}. */
export type DomainEvent = LifecycleEvent | LostEvents;

/** The name of a detail of a type of events. */
export type DetailOf<Type extends LifecycleName> = Extract<keyof (typeof LifecycleDetail)[Type], string>;

/** What an event tells besides its type and detail. */
export type EventFacts =
  & Pick<LifecycleEvent, "id" | "name" | "uuid" | "domain" | "evidence">
  & Partial<Pick<LifecycleEvent, "rebootOf">>;

/** Makes an event. */
export function lifecycleEvent<Type extends LifecycleName>(
  type: Type,
  detail: DetailOf<Type>,
  { id, name, uuid, domain, evidence, rebootOf = null }: EventFacts,
): LifecycleEvent {
  const numbers: Readonly<Record<string, number>> = LifecycleDetail[type];
  const detailNumber = numbers[detail] ?? 0;
  return { type, typeNumber: LifecycleType[type], detail, detailNumber, id, name, uuid, domain, rebootOf, evidence };
}
