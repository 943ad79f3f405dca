/** How severe a violation is, from the least to the most severe. */
export const severities = ['LOW', 'MEDIUM', 'HIGH'] as const;
export type Severity = (typeof severities)[number];

/**
 * The severity by the wall that stopped the code. What the static wall finds is mostly a mistake, and nothing of that
 * code ran; what the kernel stops has passed the other walls.
 */
export function severityOf(layer: 'STATIC' | 'RUNTIME' | 'KERNEL'): Severity {
  return BY_LAYER[layer];
}

/** The severity of what a library tried on its own account, which the code did not ask for. */
export const TRIED_BY_A_LIBRARY: Severity = 'LOW';

const BY_LAYER = { STATIC: 'LOW', RUNTIME: 'MEDIUM', KERNEL: 'HIGH' } as const;

/** `least` and what is more severe. */
export function severitiesFrom(least: Severity): readonly Severity[] {
  return severities.slice(severities.indexOf(least));
}
