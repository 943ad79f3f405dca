import { hash } from 'node:crypto';
import type { EvaluatorRequest } from './evaluator-process.ts';

/** What the last evaluation of a program showed: it took longer than a quick slot, or not. */
export type Cost = 'quick' | 'slow' | 'unknown';

/** Remembers what programs cost, so that those known to be slow wait behind the others. */
export interface KnownCosts {
  costOf(program: string): Cost;
  note(program: string, cost: Exclude<Cost, 'unknown'>): void;
}

const MAX_KNOWN = 10_000;

/** The program that is evaluated longest ago is forgotten first. (lru-cache would save three lines.) */
export function makeKnownCosts(): KnownCosts {
  const known = new Map<string, Exclude<Cost, 'unknown'>>();
  return {
    costOf: (program) => known.get(program) ?? 'unknown',
    note(program, cost) {
      known.delete(program);
      known.set(program, cost);
      if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
    },
  };
}

/**
 * Names what a request evaluates, without the data that it is evaluated over. The same program of another owner has
 * another name: nobody makes a program slow for others.
 */
export function programOf(request: EvaluatorRequest, owner: string | undefined): string {
  const source = 'expressions' in request ? request.expressions : request.schema;
  return hash('sha1', JSON.stringify([request.kind, owner, source]), 'base64');
}
