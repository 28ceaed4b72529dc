// Binds the methods of an object to it, as Python does when a method is taken from an object.

/**
 * Gives an object its own bound copy of each method of its classes, so that a method works without the object:
 * `const { ls } = h`, `paths.map(h.ls.bind(h, ""))`.
 *
 * A bound method does not get the index and the collection that `map()`, `forEach()` and the like add to an element.
 */
export function bindMethods(object: object): void {
  const seen = new Set<PropertyKey>(["constructor"]);
  let prototype: object | null = Object.getPrototypeOf(object);
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) bind(name, value);
    for (const name of Object.getOwnPropertySymbols(prototype)) bind(name, Reflect.get(prototype, name));
  }

  function bind(name: PropertyKey, method: unknown): void {
    if (seen.has(name)) return;
    seen.add(name);
    if (typeof method !== "function") return;
    const value = (...args: readonly unknown[]): unknown =>
      Reflect.apply(method, object, args.length < 3 ? args : withoutPlace(args));
    Object.defineProperty(value, "name", { value: method.name });
    Object.defineProperty(object, name, { value, writable: true, configurable: true });
  }
}

/** The arguments without those that a collection adds to an element: its index or key, and the collection. */
function withoutPlace(args: readonly unknown[]): readonly unknown[] {
  const [element, key, collection] = args.slice(-3);
  return hasAt(collection, key, element) ? args.slice(0, -2) : args;
}

/** Tells whether a value is a collection that has this element at this place. */
function hasAt(collection: unknown, key: unknown, element: unknown): boolean {
  if (collection instanceof Map) return collection.has(key) && Object.is(collection.get(key), element);
  if (collection instanceof Set) return Object.is(key, element) && collection.has(key);
  const isIndexed = Array.isArray(collection) || ArrayBuffer.isView(collection);
  return isIndexed && Number.isInteger(key) && Object.is(Reflect.get(collection, key as number), element);
}
