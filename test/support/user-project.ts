import { spawnSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../server/shared/paths.ts';
import { makeTempFolder } from './temp-folder.ts';

export interface Project extends AsyncDisposable {
  folder: string;
  write(name: string, text: string): Promise<void>;
  /** What the strict compiler has to say; empty where all is well. */
  complaints(): string;
}

/** A user's project beside this one's packages, `@weft/client` among them. */
export async function openProject(): Promise<Project> {
  const { path: folder, ...owned } = await makeTempFolder();
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write('package.json', '{ "type": "module" }');
  await write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts', '*.tsx'] }));
  return {
    folder,
    write,
    complaints() {
      const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc');
      return spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' }).stdout;
    },
    ...owned,
  };
}

const compilerOptions = {
  jsx: 'react-jsx',
  resolveJsonModule: true,
  target: 'es2024',
  lib: ['es2024', 'dom'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};
