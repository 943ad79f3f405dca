/** Whether this abort reason means KILL at once, without the grace time. */
export function isForced(reason: unknown): boolean {
  return typeof reason === 'object' && reason !== null && 'force' in reason && reason.force === true;
}
