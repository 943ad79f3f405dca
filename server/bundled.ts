import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { constants, Script } from 'node:vm';
import type { serve } from './serve.ts';
import { stackWithSources } from './shared/source-places.ts';

/**
 * What `npm start` runs: the whole server as one script, with what V8 compiled of it before.
 *
 * Node's own cache (NODE_COMPILE_CACHE) has only what V8 compiles before a script runs. The build keeps what it compiles
 * while the script is loaded, and the first start, where it may write there, what a start calls too. CPU until a server is
 * ready, ten starts in turn: 0.75 s with Node's cache, 0.53 with the first, 0.43 with the second. When it idles it has
 * 58 MB of its own with either, and 80 MB with none. Node gives no such code to a module, so the server is a script.
 */

/** Set by scripts/build-server.mjs. Its name has a hash, because V8 recognises a script by its length alone. */
declare const SERVER_SCRIPT: string;

const scriptFile = join(import.meta.dirname, SERVER_SCRIPT);
/** V8 takes the code of another version, with other flags or for another processor, for none. */
const version = cachedDataVersionTag().toString(16);
const codeOfStart = `${scriptFile}.${version}.start-code`;
const codeOfLoading = `${scriptFile}.${version}.loading-code`;

/** The script is the body of a function with CommonJS's names. */
type ServerModule = (
  module: { exports: { serve: typeof serve } },
  require: NodeJS.Require,
  __filename: string,
  __dirname: string,
) => void;

const code = readCode(codeOfStart) ?? readCode(codeOfLoading);
const script = new Script(
  // The build made it of ASCII alone: nothing has to be decoded, and V8 keeps one byte for each character.
  `(function (module, require, __filename, __dirname) {${readFileSync(scriptFile, 'latin1')}\n})`,
  {
    filename: scriptFile,
    cachedData: code?.data,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  },
);
Error.prepareStackTrace = stackWithSources(scriptFile);
const module = {} as Parameters<ServerModule>[0];
const run = script.runInThisContext() as ServerModule;
run(module, createRequire(scriptFile), scriptFile, dirname(scriptFile));
if (process.argv[2] === '--keep-code') {
  keepCode(codeOfLoading);
  process.exit();
}
const isWhole = code?.file === codeOfStart && script.cachedDataRejected === false;
await module.exports.serve(isWhole ? undefined : () => keepCode(codeOfStart));

function readCode(file: string): { file: string; data: Buffer } | undefined {
  try {
    return { file, data: readFileSync(file) };
  } catch {
    return undefined;
  }
}

/** Opened first, because to make the code takes 0.1 s and 6 MB. */
function keepCode(file: string): void {
  const partFile = `${file}.${process.pid}`;
  try {
    const part = openSync(partFile, 'w');
    writeFileSync(part, script.createCachedData());
    closeSync(part);
    renameSync(partFile, file);
  } catch {
    // In a folder that it may not write, such as the image's, or on a full disk, a start has what the build kept.
    rmSync(partFile, { force: true });
  }
}
