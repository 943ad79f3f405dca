/** One answer of the API, as it came. */
export interface Answer<T> {
  status: number;
  data: T | null;
  codes: string[];
  text: string;
}

/** Sends operations and other requests with one token, or none, in one project, over HTTP and server-sent events. */
export function makeCaller(url: string, token?: string, project?: string) {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(project === undefined ? {} : { 'weft-project': project }),
  };
  return {
    token,
    // biome-ignore lint/suspicious/noExplicitAny: a test names the type where it looks at the answer
    async send<T = any>(query: string, variables: object = {}): Promise<Answer<T>> {
      const body = JSON.stringify({ query, variables });
      return answerOf(await fetch(url, { method: 'POST', headers, body }));
    },
    /** What a subscription sends, up to its end or until `stop` returns true of the text so far. */
    async stream(query: string, variables: object = {}, stop = (_text: string) => false): Promise<string> {
      const leaving = new AbortController();
      const response = await fetch(`${url}/stream`, {
        ...{ method: 'POST', body: JSON.stringify({ query, variables }), signal: leaving.signal },
        headers: { ...headers, accept: 'text/event-stream' },
      });
      let text = '';
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        if (stop(text)) break;
      }
      leaving.abort();
      return text;
    },
    get: (path: string, init: RequestInit = {}) => fetch(new URL(path, url), { headers, ...init }),
    upload: (name: string, body: string) =>
      fetch(new URL(`/files?name=${name}`, url), { method: 'POST', body, headers }),
  };
}

export type Caller = ReturnType<typeof makeCaller>;

async function answerOf<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text();
  const { data = null, errors = [] } = JSON.parse(text) as {
    data?: T | null;
    errors?: { extensions: { code: string } }[];
  };
  return { status: response.status, data, codes: errors.map(({ extensions }) => extensions.code), text };
}
