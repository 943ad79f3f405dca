import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Environments } from '../../server/packages/environments.ts';
import type { PackageSettings } from '../../server/packages/settings.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { openTestEnvironments } from '../support/test-environments.ts';
import { openTestIndex, type TestIndex } from '../support/test-index.ts';
import { makeSourceDistribution } from '../support/test-source-distribution.ts';
import { findTestUv } from '../support/test-uv.ts';

const uvPath = await findTestUv();
const stack = new AsyncDisposableStack();
let root: string;
let index: TestIndex;
/** A host that is not one of the index. */
let other: TestIndex;

beforeAll(async () => {
  root = stack.use(await makeTempFolder()).path;
  writeFileSync(join(root, 'secret'), 'of the server');
  index = stack.use(await openTestIndex());
  other = stack.use(await openTestIndex());
  index.addFile('nosy', 'nosy-1.0.tar.gz', await sourceDistribution());
});
afterAll(() => stack.disposeAsync());

/** The build of this package records what it can see: environment variables, files, processes. */
function sourceDistribution(): Promise<Buffer> {
  return makeSourceDistribution(
    'nosy',
    `
import ctypes, glob, json, os, socket, urllib.request, zipfile
def reaches(connect):
    try:
        connect()
        return True
    except OSError:
        return False
status = dict(line.strip("\\n").split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
other = ${JSON.stringify(other.url)}
host, port = other.split("/")[2].split(":")
seen = {
    "uid": os.getuid(),
    "capabilities": [status[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")],
    "filtered": status["Seccomp"],
    "network": {
        "directly": reaches(lambda: socket.create_connection((host, int(port)), 5)),
        "by proxy": reaches(lambda: urllib.request.urlopen(other, timeout=5)),
        "index": reaches(lambda: urllib.request.urlopen(${JSON.stringify(index.url)} + "nosy/", timeout=5)),
        "family": reaches(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    },
    "namespaces": ctypes.CDLL(None).unshare(0x10000000),
    "environment": dict(os.environ),
    "secret": os.path.exists(${JSON.stringify(join(root, 'secret'))}),
    "homes": [f for home in ("/home/*/*/**", "/root/*/**") for f in glob.glob(home, recursive=True) if os.path.isfile(f) and "/server/packages/installer/" not in f],
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
`,
  );
}

const open = (name: string, settings: Partial<PackageSettings>): Promise<Environments> =>
  openTestEnvironments(join(root, name), { indexUrl: index.url, uvPath, ...settings });
const quiet = () => ({ signal: new AbortController().signal, onEvent() {} });

/** The variables of installers and proxies, and those that a shell and Python add. */
const OF_INSTALLS =
  /^((UV|PIP|PYTHON|PEP517|VIRTUAL_ENV|SSL_CERT|LC)_?\w*|\w+_(PROXY|proxy)|HOME|LANG|NO_COLOR|(OLD)?PWD|PATH|TMPDIR|SHLVL|_)$/;

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
  expect(seen).toMatchObject({ uid: 65_531, capabilities: ['', '', '', ''], filtered: '2', namespaces: -1 });
  expect(seen.network).toEqual({ directly: false, 'by proxy': false, index: true, family: false });
  expect(other.requests).toEqual([]);
  expect(seen.processes).toBeLessThan(10);
  expect(seen.environment).toMatchObject(variables);
  const others = Object.keys(seen.environment).filter((name) => !OF_INSTALLS.test(name));
  expect(others).toEqual([]);
});

test('a build that leaves a symlink in place of a file of the server makes the server write nowhere else', async () => {
  const victim = join(root, 'secret');
  const source = await makeSourceDistribution(
    'linking',
    `
import os, zipfile
folder = os.path.dirname(os.environ["TMPDIR"])
for name in ("environment.json", "compiled.json"):
    os.path.islink(folder + "/" + name) or os.symlink(${JSON.stringify(victim)}, folder + "/" + name)
info = "linking-1.0.dist-info/"
with zipfile.ZipFile(os.path.join(wheel_directory, "linking-1.0-py3-none-any.whl"), "w") as wheel:
    wheel.writestr("linking.py", "")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: linking\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "linking.py,,\\n" + info + "METADATA,,\\n" + info + "WHEEL,,\\n" + info + "RECORD,,\\n")
return "linking-1.0-py3-none-any.whl"
`,
  );
  index.addFile('linking', 'linking-1.0.tar.gz', source);
  await using environments = await open('links', { sourceBuilds: true });
  await expect(environments.ensure(['linking'], quiet())).rejects.toMatchObject({
    code: 'PYTHON_PACKAGE_ERROR',
    message: expect.stringContaining('EEXIST'),
  });
  expect(readFileSync(victim, 'utf8')).toBe('of the server');
});
