import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface CallFrame {
  functionName: string;
  url: string;
}

interface Profile {
  nodes: { id: number; callFrame: CallFrame; children?: number[] }[];
  /** Microseconds. */
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

/** For NODE_OPTIONS of a process that is profiled, until it ends by itself. */
export const profileInto = (folder: string) => `--cpu-prof --cpu-prof-dir=${folder}`;

/** By the clock of the machine, as profiles have it. */
export function nowMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/**
 * Microseconds of each part, without idling, of the largest profile in the folder.
 * @param partOf names the part of a frame; `inherited` is that of the frame that called it
 */
export function microsByPart(
  folder: string,
  { from, to }: { from: number; to: number },
  partOf: (frame: CallFrame, inherited: string) => string,
): Map<string, number> {
  const [file] = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .sort((a, b) => b.length - a.length);
  const { nodes, samples, startTime, timeDeltas } = JSON.parse(file!) as Profile;
  const partOfNode = new Map<number, string>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const walk = ({ id, callFrame, children }: Profile['nodes'][number], inherited: string) => {
    const part = SPECIAL.get(callFrame.functionName) ?? partOf(callFrame, inherited);
    partOfNode.set(id, part);
    for (const child of children ?? []) walk(byId.get(child)!, part);
  };
  walk(nodes[0]!, 'Node itself and the kernel');
  const parts = new Map<string, number>();
  let at = startTime;
  for (const [index, id] of samples.entries()) {
    const part = partOfNode.get(id)!;
    at += timeDeltas[index]!;
    if (part !== 'idle' && at >= from && at <= to)
      parts.set(part, (parts.get(part) ?? 0) + timeDeltas[index]!);
  }
  return parts;
}

const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', 'garbage collector'],
  ['(idle)', 'idle'],
]);
