import { writeFileSync } from 'node:fs';
import { root } from './setup/project.mjs';

/** Writes the types of files for the Python side of the sandbox, from those of the server. */
const { sandboxMimeTypes } = await import(`${root}/dist/server/shared/mime-type.js`);
const path = `${root}/server/sandbox/python/_generated_mime_types.json`;
writeFileSync(path, `${JSON.stringify(sandboxMimeTypes(), null, 1)}\n`);
