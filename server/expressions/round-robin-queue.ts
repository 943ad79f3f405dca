/** What several askers wait for, given out in turn, one of each: who asks for much waits for himself. */
export class RoundRobinQueue<T> {
  /** In the order of their turns; none is empty. */
  private readonly queues = new Map<string, T[]>();

  add(asker: string, item: T): void {
    const queue = this.queues.get(asker);
    if (queue === undefined) this.queues.set(asker, [item]);
    else queue.push(item);
  }

  /** Undefined where nothing waits. */
  next(): T | undefined {
    const [turn] = this.queues;
    if (turn === undefined) return undefined;
    const [asker, queue] = turn;
    const item = queue.shift();
    this.queues.delete(asker);
    if (queue.length > 0) this.queues.set(asker, queue);
    return item;
  }
}
