/** A queue for several owners: `next` serves the owners in turn, so an owner with many items delays only itself. */
export class RoundRobinQueue<T> {
  /** In the order in which the owners are served; no queue is empty. */
  private readonly queues = new Map<string, T[]>();

  add(owner: string, item: T): void {
    const queue = this.queues.get(owner);
    if (queue === undefined) this.queues.set(owner, [item]);
    else queue.push(item);
  }

  /** How many items of an owner wait. */
  countOf(owner: string): number {
    return this.queues.get(owner)?.length ?? 0;
  }

  /** Undefined where the queue is empty. */
  next(): T | undefined {
    const [first] = this.queues;
    if (first === undefined) return undefined;
    const [owner, queue] = first;
    const item = queue.shift();
    this.queues.delete(owner);
    if (queue.length > 0) this.queues.set(owner, queue);
    return item;
  }
}
