// One line of a progress bar: a spinner, the percentage, the bar and the time that is left.

/** What a line shows. */
export interface BarState {
  readonly position: number;
  readonly total: number;
  /** How many lines were drawn before, which turns the spinner. */
  readonly count: number;
  /** The width of the terminal. */
  readonly columns: number;
  readonly isUtf8: boolean;
  /** The time that is left, of five characters or more. */
  readonly time: string;
}

/** The characters of a line. All have the same width. */
interface Characters {
  readonly spinner: string;
  readonly done: string;
  readonly rest: string;
}

const drawn: Characters = { spinner: "◐◓◑◒", done: "█", rest: "░" };
const plain: Characters = { spinner: "|/-\\", done: "#", rest: "-" };
/** The columns of all but the bar and the time, and one that stays free, because a full line may wrap. */
const OVERHEAD = 11;
const PULSE = 4;
const PERCENT = 100;

/** Returns the line of a progress bar. Position 0 of 1 means that the end is unknown: four cells move then. */
export function barText({ position, total, count, columns, isUtf8, time }: BarState): string {
  const { spinner, done, rest } = isUtf8 ? drawn : plain;
  const width = Math.max(columns - OVERHEAD - time.length, PULSE);
  const turned = [...spinner][count % PULSE] ?? "";
  if (position === 0 && total === 1) {
    const cells = Array.from({ length: width }, (_, at) => (at - count % width + width) % width < PULSE ? done : rest);
    return `${turned} ---% [${cells.join("")}] ${time}`;
  }
  const ratio = Math.min(Math.max(position / total, 0), 1);
  const cells = Math.floor(ratio * width);
  const percent = `${Math.floor(ratio * PERCENT)}%`.padStart(4);
  return `${ratio === 1 ? " " : turned} ${percent} [${done.repeat(cells)}${rest.repeat(width - cells)}] ${time}`;
}
