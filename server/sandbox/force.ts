/** Whether a run is aborted for this reason to be killed at once, without its time of grace. */
export function isForced(reason: unknown): boolean {
  return typeof reason === 'object' && reason !== null && 'force' in reason && reason.force === true;
}
