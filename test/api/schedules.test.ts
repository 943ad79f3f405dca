import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let weft: WeftClient;
let sql: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  const server = stack.use(await startWeft({ databaseUrl }));
  weft = stack.use(new WeftClient(server.url));
  sql = stack.use(await connect(databaseUrl));
});
afterAll(() => stack.disposeAsync());

interface Firing {
  scheduledAt: string;
  outcome: string;
  reason: string | null;
  execution: { id: string; status: string; input: unknown; scheduledAt: string } | null;
}
interface Schedule {
  id: string;
  pausedAt: string | null;
  pauseReason: string | null;
  nextAt: string | null;
  nextTimes: string[];
  buffered: number;
  cron: string | null;
  intervalMs: number | null;
  firings: { nodes: Firing[] };
}

const SCHEDULE = `id pausedAt pauseReason nextAt nextTimes(count: 3) buffered cron intervalMs
  firings(first: 100) { nodes { scheduledAt outcome reason execution { id status input scheduledAt } } }`;
const PAYLOAD = `{ schedule { ${SCHEDULE} } userErrors { code field message } }`;
type Payload = { schedule: Schedule | null; userErrors: { code: string; field: string; message: string }[] };

async function change(call: string, variables: object = {}, types = ''): Promise<Payload> {
  const data = await weft.query<Record<string, Payload>>(
    `mutation ${types} { it: ${call} ${PAYLOAD} }`,
    variables,
  );
  return data.it!;
}
const create = (input: object) =>
  change('scheduleCreate(input: $input)', { input }, '($input: ScheduleCreateInput!)');
const update = (id: string, input: object) =>
  change('scheduleUpdate(id: $id, input: $input)', { id, input }, '($id: ID!, $input: ScheduleInput!)');
const pause = (id: string) => change('schedulePause(id: $id, reason: "a test")', { id }, '($id: ID!)');

async function created(input: object): Promise<Schedule> {
  const { schedule, userErrors } = await create(input);
  expect(userErrors).toEqual([]);
  return schedule!;
}

async function read(id: string): Promise<Schedule> {
  return (
    await weft.query<{ schedule: Schedule }>(`query ($id: ID!) { schedule(id: $id) { ${SCHEDULE} } }`, { id })
  ).schedule;
}

/** Resolves with the schedule once it is as asked. */
async function until(id: string, what: string, isSo: (schedule: Schedule) => boolean): Promise<Schedule> {
  let schedule = await read(id);
  const reread = async () => {
    schedule = await read(id);
    return isSo(schedule);
  };
  await eventually(what, reread);
  return schedule;
}

const EVERY_SECOND = '* * * * * *';
const outcomesOf = ({ firings }: Schedule) => firings.nodes.map(({ outcome }) => outcome);

/** Makes it due so long ago, as if no worker had run since. */
async function missSince(id: string, ago: string): Promise<void> {
  await sql.query(
    `UPDATE schedules SET next_at = date_trunc('second', now() - $2::interval), due_at = now() - $2::interval WHERE id = $1`,
    [id, ago],
  );
}

test('a schedule starts executions at its times, with the time in their input', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
  const input = {
    day: '{{ $substring(scheduledAt, 0, 10) }}',
    at: '{{ scheduledAt }}',
    by: '{{ schedule.name }}',
  };
  const { id, nextTimes } = await created({ workflowId, name: 'tick', cron: EVERY_SECOND, input });
  expect(nextTimes).toHaveLength(3);
  const schedule = await until(id, 'it fires twice', ({ firings }) => firings.nodes.length >= 2);
  await pause(id);
  const [later, earlier] = schedule.firings.nodes.slice(-2); // one after them may find the one before it under way
  expect(Date.parse(later!.scheduledAt) - Date.parse(earlier!.scheduledAt)).toBe(1_000);
  const { scheduledAt, execution, outcome } = earlier!;
  expect(outcome).toBe('STARTED');
  expect(execution).toMatchObject({
    scheduledAt,
    input: { day: scheduledAt.slice(0, 10), at: scheduledAt, by: 'tick' },
  });
  const { execution: found } = await weft.query<{ execution: object }>(
    'query ($id: ID!) { execution(id: $id) { schedule { id name } } }',
    { id: execution!.id },
  );
  expect(found).toEqual({ schedule: { id, name: 'tick' } });
});

test('a paused schedule has no next time and starts nothing; resumed, it goes on from then', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
  const { id } = await created({ workflowId, intervalMs: 5_000 });
  const { schedule: paused } = await pause(id);
  expect(paused).toMatchObject({ nextAt: null, pauseReason: 'a test', pausedAt: expect.any(String) });
  const before = (await read(id)).firings.nodes.length;
  const { schedule: resumed } = await change('scheduleResume(id: $id)', { id }, '($id: ID!)');
  expect(resumed).toMatchObject({ pausedAt: null, pauseReason: null, nextAt: expect.any(String) });
  expect(resumed!.firings.nodes).toHaveLength(before);
  await until(id, 'it fires again', ({ firings }) => firings.nodes.length > before);
  const { schedule: changed } = await update(id, { cron: '0 0 1 1 *' });
  expect(changed).toMatchObject({
    cron: '0 0 1 1 *',
    intervalMs: null,
    nextAt: expect.stringMatching(/-01-01T00:00/),
  });
});

test('what happens while an execution has not ended is what the schedule says', async () => {
  const workflowId = await weft.createWorkflow({
    nodes: [{ key: 'wait', type: 'delay', config: { durationMs: 600_000 } }],
  });
  const start = (overlap: string) => created({ workflowId, cron: EVERY_SECOND, overlap });
  const [skip, one, all, other, allow] = await Promise.all(
    ['SKIP', 'BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'ALLOW'].map(start),
  );
  const has =
    (...wanted: string[]) =>
    (schedule: Schedule) =>
      wanted.every((each) => outcomesOf(schedule).includes(each));
  await Promise.all([
    until(skip!.id, 'SKIP skips', has('STARTED', 'SKIPPED')),
    until(one!.id, 'BUFFER_ONE keeps one', has('STARTED', 'BUFFERED', 'SKIPPED')),
    until(all!.id, 'BUFFER_ALL keeps all', ({ buffered }) => buffered >= 2),
    until(
      other!.id,
      'CANCEL_OTHER replaces',
      ({ firings }) =>
        firings.nodes.filter(({ execution }) => execution?.status === 'CANCELED').length >= 1 &&
        firings.nodes.some(({ execution }) => execution !== null && execution.status !== 'CANCELED'),
    ),
    until(
      allow!.id,
      'ALLOW starts them all',
      ({ firings }) => firings.nodes.filter(({ execution }) => execution?.status === 'WAITING').length >= 2,
    ),
  ]);
  await Promise.all([skip, one, all, other, allow].map((each) => pause(each!.id)));
  const started = (schedule: Schedule) =>
    outcomesOf(schedule).filter((outcome) => outcome === 'STARTED').length;
  for (const { id } of [skip!, one!, all!]) expect(started(await read(id))).toBe(1);
  expect((await read(one!.id)).buffered).toBe(1);
});

test('what is buffered starts when the execution before it has ended', async () => {
  const workflowId = await weft.createWorkflow({
    nodes: [{ key: 'wait', type: 'delay', config: { durationMs: 600_000 } }],
  });
  const { id } = await created({ workflowId, cron: EVERY_SECOND, overlap: 'BUFFER_ONE' });
  const schedule = await until(id, 'one is buffered', ({ buffered }) => buffered === 1);
  await update(id, { cron: '0 0 1 1 *' });
  const first = schedule.firings.nodes.find(({ outcome }) => outcome === 'STARTED')!;
  await weft.cancel(first.execution!.id);
  const after = await until(id, 'the next one starts', ({ buffered }) => buffered === 0);
  expect(outcomesOf(after).filter((outcome) => outcome === 'STARTED')).toHaveLength(2);
});

test('after so many failures in a row a schedule pauses, and says so', async () => {
  const workflowId = await weft.createWorkflow({
    nodes: [{ key: 'no', type: 'fail', config: { code: 'NO', message: 'no' } }],
  });
  const { id } = await created({ workflowId, cron: EVERY_SECOND, pauseAfterFailures: 2 });
  const { pauseReason, firings } = await until(id, 'it pauses', ({ pausedAt }) => pausedAt !== null);
  expect(pauseReason).toBe('Its last 2 executions failed.');
  expect(firings.nodes.length).toBeGreaterThanOrEqual(2);
});

test('times within the catch-up window are made up for, earlier ones are one MISSED firing', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
  const { id } = await created({
    workflowId,
    cron: '*/10 * * * * *',
    catchupWindowMs: 60_000,
    overlap: 'ALLOW',
  });
  await missSince(id, '2 hours');
  const schedule = await until(id, 'it catches up', (each) => Date.parse(each.nextAt!) > Date.now());
  const outcomes = outcomesOf(schedule);
  expect(outcomes.filter((outcome) => outcome === 'MISSED')).toHaveLength(1);
  const made = outcomes.filter((outcome) => outcome === 'STARTED').length;
  expect(made).toBeGreaterThanOrEqual(5);
  expect(made).toBeLessThanOrEqual(8);
  expect(schedule.firings.nodes.at(-1)).toMatchObject({
    outcome: 'MISSED',
    reason: expect.stringContaining('catch-up'),
  });
});

test('a deleted workflow pauses its schedules', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
  const { id } = await created({ workflowId, cron: EVERY_SECOND });
  await weft.query('mutation ($id: ID!) { workflowDelete(id: $id) { userErrors { code } } }', {
    id: workflowId,
  });
  const { pauseReason } = await until(id, 'it pauses', ({ pausedAt }) => pausedAt !== null);
  expect(pauseReason).toBe('Its workflow was deleted.');
});

test('an input that the workflow refuses by now is a firing that was REFUSED', async () => {
  const nodes = [{ key: 'out', type: 'output' }];
  const workflowId = await weft.createWorkflow({ nodes });
  const { id } = await created({ workflowId, cron: EVERY_SECOND, input: { n: 'text' } });
  const inputSchema = { type: 'object', properties: { n: { type: 'number' } } };
  await weft.query(
    'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { userErrors { code } } }',
    {
      id: workflowId,
      input: { name: 'test', nodes, edges: [], inputSchema },
    },
  );
  const { firings } = await until(id, 'it is refused', (each) => outcomesOf(each).includes('REFUSED'));
  await pause(id);
  expect(firings.nodes.find(({ outcome }) => outcome === 'REFUSED')!.reason).toContain('n');
});

test('a schedule can be triggered at once, and a range in the past be made up for, each time once', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
  const { id } = await created({ workflowId, cron: '0 * * * *', overlap: 'BUFFER_ALL' });
  const { scheduleTrigger } = await weft.query<{ scheduleTrigger: { execution: { id: string } } }>(
    'mutation ($id: ID!) { scheduleTrigger(id: $id) { execution { id } userErrors { code } } }',
    { id },
  );
  await weft.event(scheduleTrigger.execution.id, ({ __typename }) => __typename === 'ExecutionSucceeded');
  const backfill = async () =>
    (
      await weft.query<{ it: { added: number; alreadyFired: number; userErrors: unknown[] } }>(
        `mutation ($id: ID!) { it: scheduleBackfill(id: $id, from: "2026-03-01T00:00:00Z", to: "2026-03-01T03:59:00Z") {
           added alreadyFired userErrors { code field message } } }`,
        { id },
      )
    ).it;
  expect(await backfill()).toEqual({ added: 4, alreadyFired: 0, userErrors: [] });
  expect(await backfill()).toEqual({ added: 0, alreadyFired: 4, userErrors: [] });
  const { firings } = await until(id, 'all have started', ({ buffered }) => buffered === 0);
  const started = firings.nodes.filter(({ scheduledAt }) => scheduledAt.startsWith('2026-03-01'));
  expect(started.map(({ scheduledAt }) => scheduledAt.slice(11, 13))).toEqual(['03', '02', '01', '00']);
  expect(new Set(started.map(({ outcome }) => outcome))).toEqual(new Set(['STARTED']));
});

test('previews cross changes of clocks', async () => {
  const { schedulePreview } = await weft.query<{
    schedulePreview: { times: string[]; userErrors: unknown[] };
  }>(
    `{ schedulePreview(input: { cron: "30 2 * * *", timezone: "Europe/Berlin" }, count: 2, after: "2026-03-28T12:00:00Z") {
       times userErrors { code } } }`,
  );
  expect(schedulePreview.times).toEqual(['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']);
});

describe('bad input is refused with its field and what to write', () => {
  let workflowId: string;
  beforeAll(async () => {
    workflowId = await weft.createWorkflow({
      nodes: [{ key: 'out', type: 'output' }],
      inputSchema: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } },
    });
  });
  const ok = { cron: '* * * * *', input: { n: 1 } };
  test.each<[string, object, string, string, RegExp]>([
    ['a cron that never fires', { cron: '0 0 30 2 *' }, 'cron', 'NEVER_FIRES', /no time from now on/],
    ['a cron of the past', { cron: '0 0 0 1 1 * 2020' }, 'cron', 'NEVER_FIRES', /no time/],
    ['a cron of three fields', { cron: '* * *' }, 'cron', 'INVALID', /five fields.*got 3/],
    ['a minute that is none', { cron: '99 * * * *' }, 'cron', 'INVALID', /99/],
    ['a moment as a cron', { cron: '2030-01-01T00:00:00' }, 'cron', 'INVALID', /five fields/],
    [
      'an endless cron',
      { cron: `${'1,'.repeat(5_000)}1 * * * *` },
      'cron',
      'INVALID',
      /at most 200 characters/,
    ],
    ['an unknown zone', { timezone: 'Mars/Olympus' }, 'timezone', 'INVALID', /IANA time zone.*Mars/],
    ['cron and interval', { intervalMs: 5_000 }, 'cron', 'INVALID', /either.*both/],
    ['neither', { cron: null }, 'cron', 'INVALID', /either.*none/],
    ['an interval of 10 ms', { cron: null, intervalMs: 10 }, 'intervalMs', 'INVALID', /from 1000 to/],
    [
      'an end before the start',
      { startsAt: '2030-01-02T00:00:00Z', endsAt: '2030-01-01T00:00:00Z' },
      'endsAt',
      'INVALID',
      /after the start/,
    ],
    ['an end in the past', { endsAt: '2020-01-01T00:00:00Z' }, 'cron', 'NEVER_FIRES', /endsAt/],
    [
      'an exclusion that is no cron',
      { exclude: ['* * * * *', 'Christmas'] },
      'exclude.1',
      'INVALID',
      /five fields/,
    ],
    ['an exclusion of everything', { exclude: ['* * * * *'] }, 'cron', 'NEVER_FIRES', /exclude/],
    ['a negative jitter', { jitterMs: -1 }, 'jitterMs', 'INVALID', /from 0 to/],
    ['no failures to pause after', { pauseAfterFailures: 0 }, 'pauseAfterFailures', 'INVALID', /from 1 to/],
    ['an empty name', { name: ' ' }, 'name', 'INVALID', /1 to 200/],
    ['an input that does not fit', { input: { n: 'one' } }, 'input.n', 'INVALID_INPUT', /number/],
    ['a template that fails', { input: { n: '{{ $error("no") }}' } }, 'input', 'INVALID_EXPRESSION', /no/],
    [
      'a template without an end',
      { input: { n: '{{ scheduledAt' } },
      'input',
      'INVALID_EXPRESSION',
      /does not end with/,
    ],
    [
      'a template of what is nothing here',
      { input: { n: '{{ input.n }}' } },
      'input',
      'UNKNOWN_REFERENCE',
      /`input` is nothing here: expected `scheduledAt`/,
    ],
    ['a version that is not there', { versionNumber: 7 }, 'versionNumber', 'NOT_FOUND', /no version 7/],
  ])('%s', async (_name, given, field, code, message) => {
    const { schedule, userErrors } = await create({ workflowId, ...ok, ...given });
    expect(schedule).toBeNull();
    expect(userErrors[0]).toEqual({ code, field, message: expect.stringMatching(message) });
  });

  test('a schedule that is not there', async () => {
    const { userErrors } = await pause('sch_01890000-0000-7000-8000-000000000000');
    expect(userErrors).toEqual([
      { code: 'NOT_FOUND', field: 'id', message: expect.stringContaining('no schedule') },
    ]);
  });
});

test('two replicas, one of which is killed again and again, fire each second once', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
  const { id } = await created({ workflowId, cron: EVERY_SECOND, overlap: 'ALLOW' });
  for (let kills = 0; kills < 2; kills += 1) {
    const before = (await read(id)).firings.nodes.length;
    await using replica: WeftServer = await startWeft({
      databaseUrl,
      env: { WEFT_ROLES: 'worker' },
      onLost: () => {},
    });
    await until(id, 'it fires', ({ firings }) => firings.nodes.length > before);
    await replica.kill();
  }
  await until(id, 'it has fired eight times', ({ firings }) => firings.nodes.length >= 8);
  await pause(id);
  const { firings } = await read(id);
  const times = firings.nodes.map(({ scheduledAt }) => Date.parse(scheduledAt)).toReversed();
  expect(times).toEqual(times.map((_, index) => times[0]! + index * 1_000));
  expect(new Set(firings.nodes.map(({ outcome }) => outcome))).toEqual(new Set(['STARTED']));
  const { rows } = await sql.query(
    'SELECT count(*)::int AS all, count(DISTINCT scheduled_at)::int AS times FROM executions WHERE trigger_id = $1',
    [id],
  );
  expect(rows[0]).toEqual({ all: times.length, times: times.length });
});
