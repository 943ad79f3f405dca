/**
 * Claim: whatever process is killed, at whatever moment, every execution ends, every journal is dense, no node succeeds
 * twice, and no subscriber misses or doubles an event. `npm run bench -- chaos 80 1500 24 42`: blows, milliseconds
 * between them, executions under way at once, seed. It throws at the first thing that is not so.
 */
import { chaos } from '../test/support/chaos.ts';

const [blows = 80, everyMs = 1_500, lanes = 24, seed = Date.now() % 1_000_000] = process.argv
  .slice(2)
  .map(Number);

console.log(`Chaos with seed ${seed}: ${blows} blows, one in ${everyMs} ms, ${lanes} executions at once`);
const { blows: dealt, endings, ...report } = await chaos({ seed, blows, everyMs, lanes });
console.table(dealt);
console.table(endings);
console.table(report);
