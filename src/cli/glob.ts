// Globs for paths and values: `*`, `?`, `[a-z]`, a backslash before a character that stands for itself, and `**`.

/** One step of a pattern: any number of items, or one item that a function accepts. */
type Step<T> = "any" | ((item: T) => boolean);

/** A pattern of texts. `*` stands for any characters. */
export class Glob {
  readonly #steps: readonly Step<string>[];

  constructor(pattern: string) {
    this.#steps = stepsOf(pattern);
  }

  /** Whether the whole text matches. */
  matches(text: string): boolean {
    return reached(text, this.#steps).at(-1) === true;
  }
}

/** A pattern of paths. `*` stands for characters within one name, and a name `**` for any number of levels. */
export class PathGlob {
  /** The path that all matches are at or below: the names before the first one with a special character. */
  readonly top: string;
  readonly #steps: readonly Step<string>[];

  constructor(pattern: string) {
    const names = pattern.split("/").filter((name) => name !== "");
    const special = names.findIndex((name) => /[*?[\\]/.test(name));
    this.top = `/${names.slice(0, special < 0 ? names.length : special).join("/")}`;
    this.#steps = names.map((name): Step<string> => {
      if (name === "**") return "any";
      const glob = new Glob(name);
      return (text) => glob.matches(text);
    });
  }

  /** Whether the path matches. */
  matches(path: string): boolean {
    return reached(namesOf(path), this.#steps).at(-1) === true;
  }

  /** Whether a path below this path can match. */
  leadsOn(path: string): boolean {
    return reached(namesOf(path), this.#steps).slice(0, -1).includes(true);
  }
}

function namesOf(path: string): string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}

/**
 * Returns for each number of steps whether these steps match all items.
 *
 * The time is at most the product of both lengths: a hostile value cannot make it longer.
 */
function reached<T>(items: Iterable<T>, steps: readonly Step<T>[]): boolean[] {
  let row = spread([true, ...steps.map(() => false)], steps);
  for (const item of items) {
    const next = [false, ...steps.map((step, at) => step !== "any" && row[at] === true && step(item))];
    steps.forEach((step, at) => {
      if (step === "any" && row[at] === true) next[at] = true;
    });
    row = spread(next, steps);
  }
  return row;
}

/** A step for any number of items matches none as well. */
function spread<T>(row: boolean[], steps: readonly Step<T>[]): boolean[] {
  steps.forEach((step, at) => {
    if (step === "any" && row[at] === true) row[at + 1] = true;
  });
  return row;
}

function stepsOf(pattern: string): Step<string>[] {
  const steps: Step<string>[] = [];
  for (const [, set, escaped, plain] of pattern.matchAll(/\[([!^]?\]?[^\]]*)\]|\\([^])|([^])/g)) {
    if (set !== undefined) steps.push(acceptSet(set));
    else if (escaped !== undefined) steps.push((character) => character === escaped);
    else if (plain === "*") steps.push("any");
    else if (plain === "?") steps.push(() => true);
    else steps.push((character) => character === plain);
  }
  return steps;
}

/** Accepts the characters between brackets: single ones and ranges, or all others after `!` or `^`. */
function acceptSet(set: string): (character: string) => boolean {
  const isNegated = /^[!^]/.test(set);
  const ranges = [...set.slice(isNegated ? 1 : 0).matchAll(/([^])-([^])|([^])/g)]
    .map(([, first, last, single = ""]): [string, string] => [first ?? single, last ?? single]);
  return (character) => ranges.some(([first, last]) => first <= character && character <= last) !== isNegated;
}
