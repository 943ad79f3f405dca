import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** A source distribution (`.tar.gz`) with a build backend of its own; `buildWheel` is the body of `build_wheel`. */
export async function makeSourceDistribution(name: string, buildWheel: string): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-sdist-'));
  try {
    const source = join(folder, `${name}-1.0`);
    await mkdir(source);
    const body = buildWheel.trim().replace(/^/gm, '    ');
    await writeFile(
      join(source, 'backend.py'),
      [
        'def get_requires_for_build_wheel(config_settings=None):',
        '    return []',
        'def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):',
        body,
        '',
      ].join('\n'),
    );
    await writeFile(
      join(source, 'pyproject.toml'),
      `[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "${name}"\nversion = "1.0"\n`,
    );
    await writeFile(join(source, 'PKG-INFO'), `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`);
    const { stdout } = await execa('tar', ['-C', folder, '-cz', `${name}-1.0`], { encoding: 'buffer' });
    return Buffer.from(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
