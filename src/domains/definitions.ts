// What happened to definitions between two lists of a watch.

import { type LifecycleEvent, lifecycleEvent } from "./lifecycle.ts";
import type { DomainDefinition } from "./sources.ts";

/** Returns the events that lead from some definitions to others. Each is known by its UUID, or by its name. */
export function changesOfDefinitions(
  previous: ReadonlyMap<string, DomainDefinition>,
  next: ReadonlyMap<string, DomainDefinition>,
): LifecycleEvent[] {
  const events: LifecycleEvent[] = [];
  for (const [key, before] of previous) {
    const after = next.get(key);
    if (after === undefined) events.push(lifecycleEvent("undefined", "removed", identity(before)));
    else if (after.name !== before.name) events.push(lifecycleEvent("undefined", "renamed", identity(before)));
  }
  for (const [key, after] of next) {
    const before = previous.get(key);
    if (before === undefined) events.push(lifecycleEvent("defined", "added", identity(after)));
    else if (after.name !== before.name) events.push(lifecycleEvent("defined", "renamed", identity(after)));
    else if (!isSame(before, after)) events.push(lifecycleEvent("defined", "updated", identity(after)));
  }
  return events;
}

function identity({ name, uuid, evidence }: DomainDefinition) {
  return { id: null, name, uuid, domain: null, evidence };
}

/** Whether two definitions say the same, in whichever file. */
function isSame(a: DomainDefinition, b: DomainDefinition): boolean {
  return a.title === b.title && a.autostart === b.autostart && a.type === b.type && a.memory === b.memory &&
    a.virtualCpus === b.virtualCpus;
}
