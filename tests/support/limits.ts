// The limits of time in tests: they end what hangs, and decide nothing else.

/**
 * After how many milliseconds a test hangs, or a wait within a test for what is certain to come. The slowest test takes less
 * than a tenth on a busy machine.
 */
export const timeout = 300_000;
