/**
 * Claim: whatever process is killed, at whatever moment, every execution ends as it should (with delays, people, children,
 * lists, requests, files, parked failures and runs of a part), every journal is dense, no node succeeds twice, no effect
 * lacks its attempt, nothing stays parked, and no subscriber misses or doubles an event, with clocks seconds apart.
 * `npm run bench -- chaos 80 1500 24 42`: blows, milliseconds between them, executions under way at once, seed. It throws
 * at the first thing that is not so.
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
