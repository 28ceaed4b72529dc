// The mark by which a tree knows the lists of its own, which it may change in place.

/**
 * Marks the lists that one tree made and has shown to no other since. Two marks are equal only if they are one object.
 */
export class Owner {}

/** How a change makes its lists. */
export interface Edit {
  /** The mark of the lists that the change makes. */
  readonly owner: Owner;
  /** Whether lists with this mark are changed in place rather than replaced. */
  readonly inPlace: boolean;
}

/** An edit whose lists never change again. */
export function frozenEdit(): Edit {
  return { owner: new Owner(), inPlace: false };
}
