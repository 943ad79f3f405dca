const WEBHOOK_TIMEOUT_MS = 10_000;

/** Throws unless the answer is 2xx, so that pg-boss retries. */
export async function postAlert(url: string, alert: { type: string }): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'weft' },
    body: JSON.stringify(alert),
    redirect: 'error',
    signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`The webhook answered ${response.status}`);
}

/** How often, and how soon, a webhook that fails is tried again. */
export const ALERT_RETRIES = { retryLimit: 8, retryDelay: 2, retryBackoff: true, retryDelayMax: 600 };
