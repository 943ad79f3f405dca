import { readConfig } from '../../../server/config/environment.ts';

const keys = { WEFT_FILES_ACCESS_KEY_ID: 'key', WEFT_FILES_SECRET_ACCESS_KEY: 'a secret' };

test('by default files are in the database, of 64 MiB at most, and unused uploads stay for a day', () => {
  expect(readConfig({}).files).toEqual({
    url: undefined,
    accessKeyId: undefined,
    secretAccessKey: undefined,
    maxBytes: 64 * 1024 * 1024,
    uploadMs: 24 * 3_600_000,
  });
});

test.each([
  'file:///srv/weft files',
  's3://bucket',
  's3://my.bucket/a/b/?endpoint=http://minio:9000&region=eu-west-3',
])('%s names a place for files', (WEFT_FILES_URL) => {
  expect(readConfig({ ...keys, WEFT_FILES_URL }).files.url).toBe(WEFT_FILES_URL);
});

test.each([
  '/srv/files',
  'file://host/srv',
  'file:///',
  'https://bucket.s3.amazonaws.com',
  's3://key:secret@bucket',
  's3://Bucket_1',
  's3://bucket?endpoint=minio:9000',
  's3://bucket?secret=x',
])('%s does not, and what would is said', (WEFT_FILES_URL) => {
  expect(() => readConfig({ ...keys, WEFT_FILES_URL })).toThrow(
    /WEFT_FILES_URL=.*expected file:\/\/\/an\/absolute\/path, or s3:\/\/bucket\/prefix/,
  );
});

test('an S3 store needs its keys', () => {
  const message = /Set WEFT_FILES_SECRET_ACCESS_KEY too/;
  expect(() => readConfig({ WEFT_FILES_URL: 's3://bucket', WEFT_FILES_ACCESS_KEY_ID: 'key' })).toThrow(
    message,
  );
});
