// The time that a long operation still takes, by libguestfs's rule, and its text.

/** No time is shown before so many seconds. */
const SHOWN_AFTER = 3;
/** No time is shown if the newest estimate is further from the mean than so many standard deviations. */
const DEVIATIONS = 2;
const MINUTE = 60;
const HOUR = 3600;
/** From so many minutes, the text has hours. From so many hours, it has nothing else. */
const TEXT_MAX = 100;

/** Estimates the time that an operation still takes, as if it went on as fast as until now. */
export class TimeLeft {
  #count = 0;
  #mean = 0;
  /** The sum of the squared differences to the mean, by Welford's method. */
  #squares = 0;

  /**
   * Adds a measurement: the seconds since the start, and the part of the work that is done, from 0 to 1.
   *
   * Returns the seconds that are left. Returns `null` in the first seconds, and if the newest estimate of the whole
   * time differs too much from the earlier ones.
   */
  add(elapsed: number, ratio: number): number | null {
    if (ratio <= 0) return null;
    const whole = elapsed / ratio;
    this.#count++;
    const difference = whole - this.#mean;
    this.#mean += difference / this.#count;
    this.#squares += difference * (whole - this.#mean);
    if (elapsed < SHOWN_AFTER) return null;
    const deviation = Math.sqrt(this.#squares / this.#count);
    return Math.abs(whole - this.#mean) <= DEVIATIONS * deviation ? whole - elapsed : null;
  }
}

/** Returns a time as `MM:SS`, from 100 minutes as `HHhMM`, and from 100 hours as `>Nh`. */
export function timeText(seconds: number | null): string {
  if (seconds === null) return "--:--";
  const two = (number: number): string => `${Math.floor(number)}`.padStart(2, "0");
  if (seconds >= TEXT_MAX * HOUR) return `>${Math.floor(seconds / HOUR)}h`;
  if (seconds >= TEXT_MAX * MINUTE) return `${two(seconds / HOUR)}h${two(seconds % HOUR / MINUTE)}`;
  return `${two(seconds / MINUTE)}:${two(seconds % MINUTE)}`;
}
