/**
 * The first value of a subscription that begins to listen at a moment which no client learns: `change` is done again and
 * again until the subscription reports one of the changes.
 */
export async function untilNotified<T>(notified: Promise<T>, change: () => Promise<unknown>): Promise<T> {
  let isOver = false;
  const stop = () => {
    isOver = true;
  };
  notified.then(stop, stop);
  while (!isOver) await change();
  return await notified;
}
