import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Environments } from '../../server/packages/environments.ts';
import type { PackageSettings } from '../../server/packages/settings.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { openTestEnvironments } from '../support/test-environments.ts';
import { openTestIndex, type TestIndex } from '../support/test-index.ts';
import { findTestUv } from '../support/test-uv.ts';

const uvPath = await findTestUv();
const stack = new AsyncDisposableStack();
let root: string;
let index: TestIndex;

beforeAll(async () => {
  root = stack.use(await makeTempFolder()).path;
  writeFileSync(join(root, 'secret'), 'of the server');
  index = stack.use(await openTestIndex());
  index.addFile('nosy', 'nosy-1.0.tar.gz', await sourceDistribution(root));
});
afterAll(() => stack.disposeAsync());

/** A package whose build records what it can see: environment variables, files, processes. */
async function sourceDistribution(folder: string): Promise<Buffer> {
  const backend = `
import glob, json, os, zipfile
def get_requires_for_build_wheel(config_settings=None):
    return []
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    seen = {
        "environment": dict(os.environ),
        "secret": os.path.exists(${JSON.stringify(join(root, 'secret'))}),
        "homes": [f for home in ("/home/*/*/**", "/root/*/**") for f in glob.glob(home, recursive=True) if os.path.isfile(f)],
        "processes": len([p for p in os.listdir("/proc") if p.isdigit()]),
        "neighbours": [f for f in glob.glob(${JSON.stringify(join(root, '*'))} + "/**", recursive=True) if "/building/" not in f and os.path.isfile(f)],
    }
    info = "nosy-1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(wheel_directory, "nosy-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("nosy.py", "SEEN = " + repr(json.dumps(seen)))
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: nosy\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "nosy.py,,\\n" + info + "METADATA,,\\n" + info + "WHEEL,,\\n" + info + "RECORD,,\\n")
    return "nosy-1.0-py3-none-any.whl"
`;
  const source = join(folder, 'nosy-1.0');
  await execa('mkdir', [source]);
  writeFileSync(join(source, 'backend.py'), backend);
  writeFileSync(
    join(source, 'pyproject.toml'),
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "nosy"\nversion = "1.0"\n',
  );
  writeFileSync(join(source, 'PKG-INFO'), 'Metadata-Version: 2.1\nName: nosy\nVersion: 1.0\n');
  const { stdout } = await execa('tar', ['-C', folder, '-cz', 'nosy-1.0'], { encoding: 'buffer' });
  return Buffer.from(stdout);
}

const open = (name: string, settings: Partial<PackageSettings>): Promise<Environments> =>
  openTestEnvironments(join(root, name), { indexUrl: index.url, uvPath, ...settings });
const quiet = () => ({ signal: new AbortController().signal, onEvent() {} });

/** The variables of installers and proxies, and those that a shell and Python add. */
const OF_INSTALLS =
  /^((UV|PIP|PYTHON|PEP517|VIRTUAL_ENV|SSL_CERT|LC)_?\w*|\w+_PROXY|HOME|LANG|NO_COLOR|(OLD)?PWD|PATH|TMPDIR|SHLVL|_)$/;

test('a package without a wheel is not built, because building runs its code', async () => {
  await using environments = await open('wheels-only', {});
  await expect(environments.ensure(['nosy'], quiet())).rejects.toMatchObject({
    code: 'PYTHON_PACKAGE_ERROR',
    message: expect.stringContaining('nosy'),
  });
});

test('where source builds are allowed, a build sees the variables of the installers and nothing else of the server', async () => {
  process.env.WEFT_TEST_SECRET = 'of the server';
  const variables = { UV_HTTP_TIMEOUT: '31' };
  await using environments = await open('builds', {
    sourceBuilds: true,
    hostInstallers: { home: root, variables },
  });
  using lease = await environments.ensure(['nosy'], quiet());
  const code = `import sys; sys.path.append(${JSON.stringify(lease.environment.sitePackages)}); import nosy; print(nosy.SEEN)`;
  const { stdout } = await execa('python3', ['-I', '-S', '-c', code]);
  const seen = JSON.parse(stdout);
  expect(seen).toMatchObject({ secret: false, homes: [], neighbours: [] });
  expect(seen.processes).toBeLessThan(10);
  expect(seen.environment).toMatchObject(variables);
  const others = Object.keys(seen.environment).filter((name) => !OF_INSTALLS.test(name));
  expect(others).toEqual([]);
});
