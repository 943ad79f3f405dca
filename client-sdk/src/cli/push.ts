import { createInterface } from 'node:readline/promises';
import { WeftError } from '../errors.ts';
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
  if (plan.changes.length === 0) return `Nothing to change: the server says what ${options.dir} says.`;
  if (!options.yes && !(await agrees(plan.changes.length))) return 'Nothing was changed.';
  for (const change of plan.changes) say(await apply(change, settings));
  return `${plan.changes.length} of ${plan.changes.length} done.`;
}

/** Shows what a push would change. @returns null where nothing differs */
export async function diff(options: Omit<PushOptions, 'yes'>): Promise<string | null> {
  const plan = await planPush(openWorkflowFolder(options.dir), openServer(options), options);
  return plan.changes.length === 0 ? null : describePlan(plan);
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

function describePlan({ changes, unchanged, warnings }: WorkflowPlan): string {
  const lines = changes.flatMap((change) => [
    `${signs[change.kind]} ${change.kind} ${change.key}`,
    ...('diff' in change && change.diff !== '' ? [change.diff.trimEnd()] : []),
  ]);
  const rest = unchanged === 0 ? [] : [`= ${unchanged} unchanged`];
  return [...warnings.map((warning) => `warning: ${warning}`), ...lines, ...rest].join('\n');
}
