import { lastAt, workAt } from './moment.ts';
import type { EnvironmentRecord, NodeRun, RunModel, WorkRun } from './records.ts';

type Stage = Pick<EnvironmentRecord, 'status' | 'packages' | 'message'>;

/**
 * What a stage of an installation says, with what was said before it in the same attempt: the packages as they were
 * requested, and a line for the log. Packages that were there already have none.
 */
export function describeStage(
  stage: Stage,
  before: EnvironmentRecord | undefined,
): Pick<EnvironmentRecord, 'requested' | 'line'> {
  const requested = before?.requested ?? stage.packages;
  return { requested, line: lineOf(stage, before, namesOf(requested)) };
}

function lineOf(
  { status, packages, message }: Stage,
  before: EnvironmentRecord | undefined,
  names: string,
): string | null {
  switch (status) {
    case 'RESOLVING':
      return message ?? `Choosing the versions of ${names} …`;
    case 'INSTALLING':
      return before?.status === 'INSTALLING' && message !== null ? message : `Installing ${names} …`;
    case 'READY':
      if (before === undefined) return null;
      return `Installed ${packages.length === 1 ? '1 package' : `${packages.length} packages`}.`;
    case 'FAILED':
      return `Could not install ${names}${message === null ? '.' : `: ${message}`}`;
    default:
      return (status satisfies never) ?? message; // a newer server may have more
  }
}

/** The installation that a node, or an item of one, waits for; null where it waits for none. */
export function installingAt(
  run: RunModel,
  { nodeKey, item }: Pick<WorkRun, 'nodeKey' | 'item'>,
  sequence: number,
): EnvironmentRecord | null {
  const node = run.nodes.get(nodeKey);
  if (node === undefined || node.stages.length === 0) return null;
  const record = lastAt(stagesOf(node, item), sequence, (stage) => stage.sequence);
  if (record === null || record.status === 'READY' || record.status === 'FAILED') return null;
  const work = record.item === null ? node : node.items.get(record.item);
  const { status, attempt } = workAt(work, sequence);
  return status === 'RUNNING' && attempt?.number === record.attempt ? record : null;
}

/** When an attempt waited for its packages; open while it does. */
export function installsOf(
  run: RunModel,
  { nodeKey, item }: Pick<WorkRun, 'nodeKey' | 'item'>,
  attempt: number,
  sequence: number,
): { from: number; to: number | null } | null {
  const node = run.nodes.get(nodeKey);
  if (node === undefined) return null;
  const stages = stagesOf(node, item).filter(
    (stage) => stage.attempt === attempt && stage.sequence <= sequence,
  );
  const [first, last] = [stages[0], stages.at(-1)];
  if (first === undefined || last === undefined) return null;
  const hasEnded = last.status === 'READY' || last.status === 'FAILED';
  return { from: first.at, to: hasEnded ? last.at : null };
}

/** `Installing pandas, matplotlib … (3 of 12)` */
export function installingText({ requested, status, message }: EnvironmentRecord): string {
  const count = /\(\d+ of \d+\)/.exec(message ?? '')?.[0];
  return `Installing ${namesOf(requested)} …${status === 'INSTALLING' && count ? ` ${count}` : ''}`;
}

/** Of a node with items those of all items, which share one installation. */
function stagesOf(node: NodeRun, item: number | null): readonly EnvironmentRecord[] {
  return item === null ? node.stages : node.stages.filter((stage) => stage.item === item);
}

function namesOf(packages: readonly string[]): string {
  const rest = packages.length - maxNames;
  return rest > 1 ? `${packages.slice(0, maxNames).join(', ')} and ${rest} more` : packages.join(', ');
}

const maxNames = 4;
