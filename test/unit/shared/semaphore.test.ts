import { Semaphore } from '../../../server/shared/semaphore.ts';

const patient = new AbortController().signal;

test('as many work at once as there are slots, the others in the order in which they came', async () => {
  const semaphore = new Semaphore(2);
  const [first, second] = [await semaphore.acquire(patient), await semaphore.acquire(patient)];
  const started: string[] = [];
  const start = async (name: string) => {
    using _slot = await semaphore.acquire(patient);
    started.push(name);
  };
  const all = [start('a'), start('b')];
  await new Promise(setImmediate);
  expect(started).toEqual([]);
  expect(semaphore.running).toBe(2);
  second[Symbol.dispose]();
  await Promise.all(all);
  expect(started).toEqual(['a', 'b']);
  first[Symbol.dispose]();
  expect(semaphore.running).toBe(0);
});

test('who stops waiting gets no slot, and the next one is not held up', async () => {
  const semaphore = new Semaphore(1);
  const started: string[] = [];
  const leaving = new AbortController();
  const start = async (name: string, signal = patient) => {
    using _slot = await semaphore.acquire(signal);
    started.push(name);
  };
  const first = await semaphore.acquire(patient);
  const all = [start('a'), start('b', leaving.signal), start('c')];
  leaving.abort();
  await all[1];
  expect(started).toEqual(['b']); // without a slot
  first[Symbol.dispose]();
  await Promise.all(all);
  expect(started).toEqual(['b', 'a', 'c']);
  await start('d', leaving.signal);
  expect(semaphore.running).toBe(0);
});

test('a slot that is disposed of twice is freed once', async () => {
  const semaphore = new Semaphore(1);
  const slot = await semaphore.acquire(patient);
  slot[Symbol.dispose]();
  const next = await semaphore.acquire(patient);
  slot[Symbol.dispose]();
  expect(semaphore.running).toBe(1);
  next[Symbol.dispose]();
});

test('nobody starts until it is open', async () => {
  let isOpen = false;
  const semaphore = new Semaphore(1, () => isOpen);
  let hasStarted = false;
  const starting = semaphore.acquire(patient).then(() => {
    hasStarted = true;
  });
  semaphore.recheck();
  await new Promise(setImmediate);
  expect(hasStarted).toBe(false);
  isOpen = true;
  semaphore.recheck();
  await starting;
});
