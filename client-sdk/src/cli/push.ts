import { createInterface } from 'node:readline/promises';
import { WeftError, WeftInputError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { makeWorkflows } from '../workflows.ts';
import { openServer, type ServerOptions } from './server.ts';
import { openWorkflowFolder } from './workflow-folder.ts';
import { type PlannedChange, planPush, type WorkflowPlan } from './workflow-plan.ts';

export interface PushOptions extends ServerOptions {
  dir: string;
  only: readonly string[];
  delete: boolean;
  /** Change without asking. */
  yes: boolean;
}

/**
 * Makes a server say what a folder says: shows the plan, asks, and does it.
 * @param say writes what people read on the way @returns the last line @throws WeftError
 */
export async function push(options: PushOptions, say: (text: string) => void): Promise<string> {
  const settings = openServer(options);
  const plan = await planPush(openWorkflowFolder(options.dir), settings, options);
  say(describePlan(plan));
  const { length } = plan.changes;
  if (length === 0) return `Nothing to change: the server says what ${options.dir} says.`;
  if (!options.yes && !(await agrees(length))) return 'Nothing was changed.';
  for (const [index, change] of plan.changes.entries()) {
    const done = await apply(change, settings).catch((error) => {
      throw error instanceof WeftInputError && error.code === 'CONFLICT'
        ? conflict(change.key, index, length)
        : error;
    });
    say(done);
  }
  return `${length} of ${length} done.`;
}

/** Shows what a push would change. */
export async function diff(options: Omit<PushOptions, 'yes'>): Promise<{ text: string; differs: boolean }> {
  const plan = await planPush(openWorkflowFolder(options.dir), openServer(options), options);
  const differs = plan.changes.length > 0;
  return {
    text: describePlan(plan) + (differs ? '' : `\nThe server says what ${options.dir} says.`),
    differs,
  };
}

function conflict(key: string, done: number, all: number): WeftError {
  return new WeftError(
    'CONFLICT',
    `CONFLICT: ${key} was changed on the server meanwhile, and was not replaced; ${done} of ${all} done. Push again to see what differs now.`,
  );
}

async function agrees(count: number): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new WeftError(
      'NOT_ASKED',
      'Expected a terminal to ask in, got none. Pass --yes to change without a question.',
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(
      (await terminal.question(`Do ${count === 1 ? 'it' : `these ${count}`}? [y/N] `)).trim(),
    );
  } finally {
    terminal.close();
  }
}

/** With the version that the plan was made from: what somebody saved meanwhile is not replaced unseen. */
async function apply(change: PlannedChange, settings: Settings): Promise<string> {
  const workflows = makeWorkflows(settings);
  if (change.kind === 'delete') {
    await workflows.delete(change.id);
    return `deleted ${change.key}`;
  }
  const expectedVersion = change.kind === 'create' ? 0 : change.latestVersion;
  const { latestVersion } = await workflows.upsert(change.key, change.input, { expectedVersion });
  return change.kind === 'create'
    ? `created ${change.key}`
    : `changed ${change.key}, now version ${latestVersion.number}`;
}

const signs = { create: '+', change: '~', delete: '-' } as const;

function describePlan({ changes, unchanged, warnings, kept }: WorkflowPlan): string {
  const lines = changes.flatMap((change) => [
    `${signs[change.kind]} ${change.kind} ${change.key}`,
    ...('diff' in change && change.diff !== '' ? [change.diff.trimEnd()] : []),
  ]);
  const rest = unchanged === 0 ? [] : [`= ${unchanged} unchanged`];
  if (kept.length > 0)
    rest.push(`= ${kept.length} on the server alone, kept without --delete: ${kept.join(', ')}`);
  return [...warnings.map((warning) => `warning: ${warning}`), ...lines, ...rest].join('\n');
}
