import { fileURLToPath } from 'node:url';
import type { ContentStore } from './content-store.ts';
import { makeFolderStore } from './folder-store.ts';
import { makeS3Store } from './s3-store.ts';

export interface StoreKeys {
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
}

/** The store that a URL names which config/ has checked: `file:///path`, or `s3://bucket/prefix?endpoint=…&region=…`. */
export function openStore(text: string, { accessKeyId = '', secretAccessKey = '' }: StoreKeys): ContentStore {
  const url = new URL(text);
  if (url.protocol === 'file:') return makeFolderStore(fileURLToPath(url));
  return makeS3Store({
    bucket: url.hostname,
    prefix: decodeURIComponent(url.pathname),
    endpoint: url.searchParams.get('endpoint')?.replace(/\/$/, '') ?? null,
    region: url.searchParams.get('region') ?? 'us-east-1',
    accessKeyId,
    secretAccessKey,
  });
}
