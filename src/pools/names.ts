// The names of objects and states, which become names of files.

/** The bytes of a file's name that are left for the extensions and the temporary names of states. */
const NAME_MAX = 200;
const COMPONENTS_MAX = 8;
const forbidden = /[\p{Cc}/]/u;

/** The names of states that stand for the object itself. */
const roots: ReadonlySet<string> = new Set(["root", "0root", "boot", "0boot"]);

/**
 * Tells whether a name of a state stands for the object itself.
 *
 * @param state The name.
 * @returns Whether it is `root`, `0root`, `boot` or `0boot`.
 */
export function isRoot(state: string): boolean {
  return roots.has(state);
}

/** Returns the name of a state. Throws a `RangeError` if the name could not be that of a file. */
export function checkedState(state: string): string {
  const fault = nameFault(state);
  if (fault === null) return state;
  throw new RangeError(`the state ${JSON.stringify(state)} is invalid: ${fault}`);
}

/** Returns an object, whose components are separated by slashes. Throws a `RangeError` if a component is invalid. */
export function checkedObject(object: string): string {
  const components = object.split("/");
  const fault = components.length > COMPONENTS_MAX
    ? `it has more than ${COMPONENTS_MAX} components`
    : components.map(nameFault).find((found) => found !== null);
  if (fault === undefined || fault === null) return object;
  throw new RangeError(`the object ${JSON.stringify(object)} is invalid: ${fault}`);
}

function nameFault(name: string): string | null {
  if (name === "") return "a name is empty";
  // Names of files that begin with a dot are those of temporary files and of locks.
  if (name.startsWith(".")) return "a name begins with a dot";
  if (name.startsWith("-")) return "a name begins with a hyphen, as an option of a program does";
  const character = forbidden.exec(name)?.[0];
  if (character !== undefined) return `a name contains ${JSON.stringify(character)}`;
  if (!name.isWellFormed()) return "a name contains half a surrogate pair";
  const bytes = new TextEncoder().encode(name).length;
  return bytes > NAME_MAX ? `a name has ${bytes} bytes, and ${NAME_MAX} are allowed` : null;
}
