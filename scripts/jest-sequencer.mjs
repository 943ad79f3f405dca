import TestSequencer from '@jest/test-sequencer';

/**
 * The unit tests come last: each takes a moment, so they fill the workers evenly while the last of the long files ends.
 * A fresh clone knows no times yet, and goes by sizes, of which those of unit tests say little.
 */
export default class UnitTestsLast extends TestSequencer {
  sort(tests) {
    const isUnit = ({ context }) => context.config.displayName?.name === 'unit';
    return super.sort(tests).toSorted((a, b) => isUnit(a) - isUnit(b));
  }
}
