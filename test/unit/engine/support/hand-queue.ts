import type { ClaimedJob } from '../../../../server/engine/claims.ts';
import type { ExecutionQueue } from '../../../../server/engine/queue.ts';
import type { Hub, WakeListener } from '../../../../server/journal/hub.ts';

interface Job {
  executionId: string;
  state: 'created' | 'active' | 'retry' | 'completed';
  retryCount: number;
  releasedAt: number | null;
  lostAt: number | null;
  losses: number;
}

/** pg-boss's queue in memory, with its count of claims; the test decides when a heartbeat is overdue. */
export class HandQueue implements ExecutionQueue {
  readonly jobs = new Map<string, Job>();
  /** What the worker called, in order. */
  readonly calls: string[] = [];
  heartbeats = 0;
  /** When each parked execution is due. */
  readonly parked = new Map<string, number>();
  /** How many each execution has. */
  readonly signals = new Map<string, number>();

  constructor(private readonly now: () => number = () => Number.POSITIVE_INFINITY) {}

  add(executionId: string, state: Job['state'] = 'created'): ClaimedJob {
    const jobId = `job of ${executionId}`;
    this.jobs.set(jobId, { executionId, state, retryCount: 0, releasedAt: null, lostAt: null, losses: 0 });
    return { jobId, executionId, retryCount: 0, wasLost: false, notBefore: 0 };
  }

  stateOf(executionId: string): string {
    return this.jobs.get(`job of ${executionId}`)!.state;
  }

  /** The heartbeat of whoever has the job is overdue. */
  loseWorkerOf(executionId: string): void {
    this.jobs.get(`job of ${executionId}`)!.state = 'retry';
  }

  async claim(limit: number): Promise<ClaimedJob[]> {
    const claimable = [...this.jobs].filter(([, { state }]) => state === 'created' || state === 'retry');
    return claimable.slice(0, limit).map(([jobId, job]) => {
      if (job.state !== 'created') job.retryCount += 1;
      job.state = 'active';
      const { executionId, retryCount, releasedAt } = job;
      const wasLost = retryCount > 0 && releasedAt !== retryCount - 1;
      return { jobId, executionId, retryCount, wasLost, notBefore: 0 };
    });
  }

  async heartbeat(jobs: readonly ClaimedJob[]): Promise<void> {
    this.heartbeats += jobs.length;
  }

  async complete(job: ClaimedJob): Promise<void> {
    this.calls.push(`complete ${job.executionId}`);
    if (this.isOwn(job)) this.jobs.get(job.jobId)!.state = 'completed';
  }

  async release(job: ClaimedJob, asLost: boolean): Promise<void> {
    this.calls.push(`release ${job.executionId}${asLost ? ' as lost' : ''}`);
    if (!this.isOwn(job)) return;
    const own = this.jobs.get(job.jobId)!;
    if (!asLost) Object.assign(own, { releasedAt: own.retryCount, lostAt: null, losses: 0 });
    own.state = 'retry';
  }

  async park(job: ClaimedJob, wakeAt: number, knownSignals: number): Promise<boolean> {
    this.calls.push(`park ${job.executionId}`);
    if (!this.isOwn(job) || knownSignals !== (this.signals.get(job.executionId) ?? 0)) return false;
    this.jobs.delete(job.jobId);
    this.parked.set(job.executionId, wakeAt);
    return true;
  }

  async wakeDue(): Promise<number> {
    const due = [...this.parked].filter(([, at]) => at <= this.now());
    for (const [executionId] of due) this.wake(executionId);
    return due.length;
  }

  wake(executionId: string): void {
    if (this.parked.delete(executionId)) this.add(executionId);
  }

  async countLoss({ jobId }: ClaimedJob, sequence: number): Promise<number> {
    const job = this.jobs.get(jobId)!;
    job.losses = job.lostAt === sequence ? job.losses + 1 : 1;
    job.lostAt = sequence;
    return job.losses;
  }

  private isOwn({ jobId, retryCount }: ClaimedJob): boolean {
    const job = this.jobs.get(jobId);
    return job?.state === 'active' && job.retryCount === retryCount;
  }
}

/** Wake-ups within one process. */
export class HandHub implements Hub {
  private readonly listeners = new Map<string, Set<WakeListener>>();

  wake(topic: string, id: string): void {
    for (const listener of this.listeners.get(topic) ?? []) listener(id, 'local');
  }

  /** A wake-up of another replica; without an id, some may have been lost. */
  hear(topic: string, id: string | undefined): void {
    for (const listener of this.listeners.get(topic) ?? []) listener(id, 'remote');
  }

  listen(topic: string, _id: string | undefined, listener: WakeListener) {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
