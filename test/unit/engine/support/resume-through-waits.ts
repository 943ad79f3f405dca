import {
  type ResumeDeps,
  type ResumeOptions,
  resumeExecution,
} from '../../../../server/engine/resume-execution.ts';
import { sleep } from '../../../../server/shared/clock.ts';

/** As workers do one after another: whoever wakes a parked execution goes on with it, until it ends or is released. */
export async function resumeThroughWaits(
  deps: ResumeDeps,
  options: Omit<ResumeOptions, 'notBefore' | 'park' | 'onInbox'>,
): Promise<'ended' | 'released'> {
  for (;;) {
    let wakeAt = 0;
    const end = await resumeExecution(deps, {
      ...options,
      notBefore: 0,
      onInbox: () => {},
      park: async (at) => {
        wakeAt = at;
        return true;
      },
    });
    if (end !== 'parked') return end;
    if (options.signal.aborted) return 'released';
    await sleep(deps.clock, wakeAt - deps.clock.now().getTime(), options.signal);
  }
}
