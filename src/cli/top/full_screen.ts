// The full screen of a terminal: draws lines, and leaves the terminal as it was.

import { bytesOf } from "../bytes.ts";
import type { Screen } from "../invocation.ts";

/** The other screen of the terminal, without a cursor. Every terminal that emulates an xterm or a vt220 knows them. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const ERASE_LINE = "\x1b[K";
const ERASE_BELOW = "\x1b[J";
const [INVERSE, NORMAL] = ["\x1b[7m", "\x1b[0m"];

/** A screen that lines are drawn on until it is disposed of. */
export class FullScreen implements Disposable {
  readonly #screen: Screen;
  #isOpen = true;

  /** Changes to the other screen. */
  constructor(screen: Screen) {
    this.#screen = screen;
    this.#write(ENTER);
  }

  /** Draws lines from the top. */
  draw(lines: readonly { readonly text: string; readonly isHeading: boolean }[]): void {
    if (!this.#isOpen) return;
    const texts = lines.map(({ text, isHeading }) => (isHeading ? `${INVERSE}${text}${NORMAL}` : text) + ERASE_LINE);
    this.#write(HOME + texts.join("\r\n") + ERASE_BELOW);
  }

  /** Leaves the screen, once. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#write(LEAVE);
    } catch {
      /* the terminal is gone */
    } finally {
      this.#screen.close();
    }
  }

  #write(text: string): void {
    this.#screen.write(bytesOf(text));
  }
}
