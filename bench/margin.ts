// When a ratio is clearly worse than the committed one.

/** How many times the committed ratio a measured one may be: these machines' medians differ by a third. */
const MARGIN = 1.5;

/** Whether a measured ratio is clearly worse than the committed one. */
export function worse(measured: number, committed: number): boolean {
  return !(measured <= committed * MARGIN);
}
