import { makeFairMutex } from '../../../server/shared/fair-mutex.ts';

const patient = new AbortController().signal;

test('one passes at a time, in the order of asking, and who leaves is passed over', async () => {
  const gate = makeFairMutex(() => true);
  const passed: string[] = [];
  const leaving = new AbortController();
  const pass = async (name: string, signal = patient) => {
    using _turn = await gate.acquire(signal);
    passed.push(name);
  };
  const first = await gate.acquire(patient);
  const passing = [pass('a'), pass('b', leaving.signal), pass('c')];
  leaving.abort();
  await passing[1];
  expect(passed).toEqual(['b']); // with no turn
  first[Symbol.dispose]();
  await Promise.all(passing);
  expect(passed).toEqual(['b', 'a', 'c']);
  await pass('d', leaving.signal);
});

test('nobody passes until it is open', async () => {
  let isOpen = false;
  const gate = makeFairMutex(() => isOpen);
  let hasPassed = false;
  const passing = gate.acquire(patient).then(() => {
    hasPassed = true;
  });
  gate.look();
  await new Promise(setImmediate);
  expect(hasPassed).toBe(false);
  isOpen = true;
  gate.look();
  await passing;
});
