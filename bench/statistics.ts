// What a list of measurements says: the median, and how far it reaches.

/** The middle of some measurements, and their ends. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle value; the mean of the two middle ones of an even number; NaN if one is NaN, which has no place in order. */
export function median(values: readonly number[]): number {
  if (values.some(Number.isNaN)) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError("no median: there are no values");
  return (upper + lower) / 2;
}

/** Median and range. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Each value by the one of the same round: what both rounds have in common, a busy machine, is gone. */
export function ratios(values: readonly number[], peers: readonly number[]): number[] {
  if (values.length !== peers.length) {
    throw new RangeError(`no ratios: ${values.length} rounds of one, ${peers.length} of the other`);
  }
  return values.map((value, round) => value / (peers[round] ?? NaN));
}

/** Each value less the one of the same round. */
export function differences(values: readonly number[], bases: readonly number[]): number[] {
  return values.map((value, round) => value - (bases[round] ?? NaN));
}
