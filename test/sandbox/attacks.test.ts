import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PythonPolicy } from '../../server/sandbox/backend.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import {
  errorOf,
  openTestSandbox,
  resultOf,
  type TestRun,
  type TestSandbox,
} from '../support/test-sandbox.ts';
import { type Attack, BREACH, type Ending, fails, harmless, PRELUDE, stopped } from './attacks/attack.ts';
import { bombs } from './attacks/bombs.ts';
import { callingAttacks } from './attacks/calling.ts';
import { expectEnding, isForThisProcessor } from './attacks/expect-ending.ts';
import { forgingAttacks, poisoningAttacks } from './attacks/forging.ts';
import { reachingAttacks } from './attacks/reaching.ts';
import { readingAttacks } from './attacks/reading.ts';
import { makeWorld, type World } from './attacks/world.ts';

/** What multiprocessing tries for the code is refused to it by an OSError. */
const refused = fails('PYTHON_SECURITY_ERROR', 'PYTHON_EXECUTION_ERROR');

/**
 * Every attack runs beside a victim, on a host with canaries, with all walls and again with the kernel wall alone. The
 * tests check its effects: no canary in its events and outcome, no `breach`, an end in time, and no trace of it in the
 * next run.
 */
const attacks: Attack[] = [
  ...readingAttacks,
  ...reachingAttacks,
  ...callingAttacks,
  ...bombs,
  ...forgingAttacks,
  ...poisoningAttacks,
  ...attacksOnPython(),
];
/** With those on what only `standard` allows; bombs and forged frames meet the same kernel and server as under `kernel`. */
const attacksOnStandard = [
  ...readingAttacks,
  ...reachingAttacks,
  ...callingAttacks,
  ...attacksWithin('a.STOPPED', 'test_standard'),
];

/** All attacks are started at once and few run at a time, so the first test may wait for most of them. */
const ALL_ENDED_MS = 300_000;

const VICTIM = {
  kernel: `
import socket, time
secret = input_data
for path in ('/tmp/secret.txt', '/dev/shm/secret.txt'): open(path, 'w').write(secret)
door = socket.socket(socket.AF_UNIX)
door.bind('\\0victim')
door.listen()
print('ready')
time.sleep(3000)`,
  standard: `
import time
secret = input_data
for path in ('/tmp/secret.txt', '/dev/shm/secret.txt'): open(path, 'w').write(secret)
print('ready')
time.sleep(3000)`,
  strict: "import time\nsecret = input_data\nprint('ready')\ntime.sleep(3000)",
};
/** What a run can see of earlier runs. */
const PROBE = {
  kernel: `
import builtins, json, math, os, random, resource, signal, sys
def alive(pid):
    try: os.kill(pid, 0)
    except OSError: return False
    return True
def is_open(fd):
    try: os.fstat(fd)
    except OSError: return False
    return True
result = {
    'files': os.listdir('/tmp') + os.listdir('/dev/shm'), 'folder': os.getcwd(), 'umask': os.umask(0),
    'processes': [pid for pid in range(2, 300) if alive(pid)], 'descriptors': [fd for fd in range(256) if is_open(fd)],
    'environment': dict(os.environ), 'limits': [resource.getrlimit(n) for n in range(16)],
    'signals': [str(signal.pthread_sigmask(0, [])), str(signal.getsignal(15))], 'path': sys.path,
    'works': [len('abc'), json.dumps([7]), math.sqrt(4), 3 + 4, __import__('re').sub('a', 'b', 'a'), random.random() < 1],
    'poisoned': [name for name in (*sys.modules, *vars(builtins)) if 'poison' in name],
    'precision': __import__('decimal').getcontext().prec, 'recursion': sys.getrecursionlimit(),
}`,
  standard: `
import builtins, json, math, os, sys
result = {
    'files': os.listdir('/tmp') + os.listdir('/dev/shm'), 'folder': os.getcwd(), 'environment': dict(os.environ),
    'path': sys.path, 'works': [len('abc'), json.dumps([7]), math.sqrt(4)],
    'poisoned': [name for name in (*sys.modules, *dir(builtins)) if 'poison' in name],
}`,
  strict: `
import json, math, random, re, decimal
result = [len('abc'), json.dumps([7]), math.sqrt(4), 3 + 4, re.sub('a', 'b', 'a'), random.random() < 1,
          decimal.getcontext().prec, sorted(dir())]`,
};

interface Attacked {
  run: TestRun;
  next: TestRun;
}

test('there are at least a hundred attacks, each with a name of its own', () => {
  expect(new Set(attacks.map((attack) => attack.name)).size).toBe(attacks.length);
  expect(attacks.length).toBeGreaterThanOrEqual(100);
});

describe.each(['kernel', 'standard', 'strict'] as const)('policy %s', (policy) => {
  const tried = policy === 'standard' ? attacksOnStandard : attacks;
  let world: World;
  let sandbox: TestSandbox;
  let clean: unknown;
  let victim: { run: Promise<TestRun> };
  const leave = new AbortController();
  const attacked = new Map<string, Promise<Attacked>>();

  beforeAll(async () => {
    world = await makeWorld();
    const runFolder = join(world.dataFolder, 'run');
    sandbox = await openTestSandbox({ policy, runFolder, idleCells: 6, maxCells: 5 });
    clean = resultOf(await sandbox.run(PROBE[policy]));
    victim = await startVictim(sandbox, policy, world.secret, leave.signal);
    for (const attack of tried.filter(isForThisProcessor)) attacked.set(attack.name, attackOnce(attack));
  });

  afterAll(async () => {
    await Promise.allSettled(attacked.values());
    await sandbox?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  async function attackOnce(attack: Attack): Promise<Attacked> {
    const { code, timeoutMs = 10_000, memoryMb } = attack;
    const run = await sandbox.run(`${PRELUDE}\n${code}`, { timeoutMs, memoryMb, input: world.input });
    return { run, next: await sandbox.run(PROBE[policy]) };
  }

  for (const attack of tried) {
    (isForThisProcessor(attack) ? test : test.skip)(
      attack.name,
      async () => {
        const { run, next } = await attacked.get(attack.name)!;
        const text = JSON.stringify(run);
        expect(text).not.toContain(world.secret);
        expect(text).not.toContain(BREACH);
        expect(run.outcome.durationMs).toBeLessThan((attack.timeoutMs ?? 10_000) + 5_000);
        expectEnding(run, endingOf(attack, policy));
        expect(resultOf(next)).toEqual(clean);
      },
      ALL_ENDED_MS,
    );
  }

  test(
    'no attack reached a socket of the host',
    async () => {
      await Promise.all(attacked.values());
      expect(world.contacts).toEqual([]);
    },
    ALL_ENDED_MS,
  );

  test(
    "no attack did harm to the host's process, to this server, or to a run beside it",
    async () => {
      await Promise.all(attacked.values());
      expect(world.harmDone()).toEqual([]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      leave.abort({ force: true });
      expect((await victim.run).outcome.kind).toBe('aborted');
    },
    ALL_ENDED_MS,
  );
});

describe('without a sandbox', () => {
  test.each(attacks.filter((attack) => attack.worksOutside).map((attack) => [attack.name, attack] as const))(
    'it works when it %s',
    async (_name, attack) => {
      await using world = await makeWorld();
      const printed = await world.runOutside(`${PRELUDE}\n${attack.code}`);
      const succeeded =
        printed.includes(world.secret) || printed.includes(BREACH) || world.contacts.length > 0;
      expect(succeeded).toBe(true);
    },
  );
});

async function startVictim(
  sandbox: TestSandbox,
  policy: PythonPolicy,
  secret: string,
  signal: AbortSignal,
): Promise<{ run: Promise<TestRun> }> {
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const run = sandbox.run(VICTIM[policy], {
    input: `${secret}-victim`,
    timeoutMs: 3_600_000,
    signal,
    onEvent: () => resolve(),
  });
  await Promise.race([ready, run.then(errorOf)]);
  return { run };
}

/** Under `standard` an attack may be no offence, and then has no effect. */
function endingOf({ kernel, strict = stopped, standard = harmless }: Attack, policy: PythonPolicy): Ending {
  return { kernel, standard, strict }[policy];
}

/** The attacks of test/python/attacks.py, where each wall inside Python is tested alone. */
function attacksOnPython(): Attack[] {
  return attacksWithin('{**a.STATIC, **a.STATIC_NEWER, **a.RUNTIME, **a.RUNTIME_NEWER}', 'attacks');
}

function attacksWithin(expression: string, module: string): Attack[] {
  const dump =
    `import json, sys; sys.path.insert(0, sys.argv[1]); import ${module} as a; old = lambda d: {k: v[0] for k, v in d.items() if len(v) < 3 or sys.version_info >= v[2]}; ` +
    `print(json.dumps([*old(${expression}).items()]))`;
  const json = execFileSync('/usr/bin/python3', ['-c', dump, join(projectRoot, 'test/python')], {
    encoding: 'utf8',
  });
  return (JSON.parse(json) as [string, string][]).map(([name, code]) => ({
    name: `Python: ${name}`,
    code,
    kernel: harmless,
    strict: stopped,
    ...(module === 'test_standard' && { standard: refused }),
    timeoutMs: 3_000,
  }));
}
