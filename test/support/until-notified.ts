/**
 * What a subscription to news from now on tells. It begins at the moment the server has it, which no client
 * is told, so what makes the news is done again until some of it is heard.
 */
export async function untilTold<T>(told: Promise<T>, makeNews: () => Promise<unknown>): Promise<T> {
  let isOver = false;
  const stop = () => {
    isOver = true;
  };
  told.then(stop, stop);
  while (!isOver) await makeNews();
  return await told;
}
