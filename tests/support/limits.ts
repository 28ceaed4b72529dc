// The time limits of tests. They end a test that hangs, and have no other effect.

/**
 * The number of milliseconds after which a test, or a wait within a test, fails as hung. The slowest test takes less
 * than a tenth of it on a busy machine.
 */
export const timeout = 300_000;
