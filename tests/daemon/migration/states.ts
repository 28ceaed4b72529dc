// States for the tests of migration streams: an empty one, and random ones.

import type { ConnectionData, MigrationState, NodeData } from "../../../src/daemon/migration/state.ts";
import { randomFractions } from "../../support/random.ts";
import { initial, permissionsOf } from "../persistence/model.ts";

/** The nodes of every store. */
export const initialNodes: readonly NodeData[] = initial.flatMap((change) =>
  change.kind === "put" ? [{ path: change.path, value: change.value, permissions: change.permissions }] : []
);

/** The nodes of every store, and nothing else. */
export const emptyState: MigrationState = {
  version: 2,
  global: null,
  quotas: null,
  connections: [],
  nodes: initialNodes,
  domains: [],
  skipped: [],
};

/** A random state that uses all that a stream of the version can hold. */
export function randomState(seed: number, version: 1 | 2 = 2): MigrationState {
  const random = randomFractions(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const some = <T>(most: number, make: (i: number) => T): T[] =>
    Array.from({ length: below(most + 1) }, (_, i) => make(i));
  const bytes = (most: number): string => String.fromCharCode(...some(most, () => below(256)));
  const word = (): string => `w${below(1000)}`;
  const permissions = () => permissionsOf(below(5), ...some(4, () => below(0x10000)));
  const connection = (i: number): ConnectionData => {
    const unsent = bytes(40);
    return {
      id: 3 * i + 1,
      endpoint: below(2) === 0 ? { kind: "socket", descriptor: below(100) - 1 } : {
        kind: "ring",
        domid: i,
        target: below(2) === 0 ? null : below(0x7ff0),
        eventChannel: below(0xffffffff),
      },
      received: bytes(40),
      unsent,
      unsentPartial: below(unsent.length + 1),
      uniqueId: below(2) === 0 ? null : BigInt(below(1e9)) << 33n,
      watches: some(4, () => ({
        path: ["/", "@releaseDomain", "relative/path", `/${word()}`][below(4)] ?? "/",
        token: word().repeat(below(3)),
        depth: version === 1 || below(2) === 0 ? null : below(10),
      })),
      transactions: some(2, (id) => ({
        id: id + 1,
        nodes: some(3, () => ({
          path: `/${word()}`,
          value: bytes(9),
          permissions: below(3) === 0 ? null : permissions(),
          read: below(2) === 0,
          written: below(2) === 0,
        })),
      })),
    };
  };
  const nodes: NodeData[] = [...initialNodes];
  for (let i = 0; i < 20; i++) {
    const { path } = nodes[below(nodes.length)] ?? { path: "/" };
    if (path.startsWith("@")) continue;
    nodes.push({ path: `${path === "/" ? "" : path}/n${i}`, value: bytes(30), permissions: permissions() });
  }
  return {
    version,
    global: below(2) === 0 ? null : { socket: below(9) - 1, eventChannels: below(9) - 1 },
    quotas: below(2) === 0
      ? null
      : { perDomain: some(3, () => [word(), below(2 ** 32)]), overall: some(3, () => [word(), 7]) },
    connections: some(5, connection),
    nodes,
    domains: some(4, (domid) => ({
      domid,
      features: version === 1 ? null : below(8),
      quotas: some(3, () => [word(), below(2 ** 32)]),
    })),
    skipped: [],
  };
}
