import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openControlGroups, removeGroup } from '../../server/sandbox/local/control-group.ts';
import { makeTempFolder, type TempFolder } from '../support/temp-folder.ts';
import { errorOf, openTestSandbox, resultOf, type TestSandbox } from '../support/test-sandbox.ts';
import { py } from './attacks/attack.ts';

/** Ordinary folders and files that look like the kernel's; nothing happens when they are written. */
describe('a host as its files describe it', () => {
  let temp: TempFolder;
  let host: { self: string };
  beforeAll(async () => {
    temp = await makeTempFolder();
    host = { self: join(temp.path, 'self') };
    mkdirSync(host.self);
  });
  afterAll(async () => temp[Symbol.asyncDispose]());

  test('in a delegated group, this process moves down, and the controllers are enabled', async () => {
    const unit = makeUnit('weft.service', {
      controllers: 'cpuset cpu io memory pids',
      processes: '12\n34\n',
    });
    const { groups, detail } = await openControlGroups(host);
    expect(detail).toContain(unit);
    expect(readFileSync(join(unit, 'weft/cgroup.procs'), 'utf8')).toBe('34');
    expect(readFileSync(join(unit, 'cgroup.subtree_control'), 'utf8')).toBe('+pids');
    const room = await groups!.makeRoom(null);
    expect(basename(room)).toMatch(new RegExp(`^weft-${process.pid}-`));
    expect(existsSync(join(room, 'room'))).toBe(true);
  });

  test('a server that starts in the group of an earlier one does not move further down', async () => {
    const unit = makeUnit('again.service', { controllers: 'cpu memory pids', processes: '' });
    mkdirSync(join(unit, 'weft'));
    writeFileSync(join(host.self, 'cgroup'), '0::/again.service/weft\n');
    expect((await openControlGroups(host)).detail).toContain(unit);
  });

  test('the groups of a killed server are removed', async () => {
    const unit = makeUnit('left.service', { controllers: 'memory pids', processes: '' });
    const left = join(unit, 'weft-99999999-abc');
    mkdirSync(join(left, 'room'), { recursive: true });
    mkdirSync(join(left, '7'));
    expect((await openControlGroups(host)).groups).not.toBeNull();
    expect(existsSync(left)).toBe(false);
  });

  test.each([
    [
      'without cgroup v2',
      () => {
        makeUnit('x.service', { controllers: 'memory pids', processes: '' });
        writeFileSync(join(host.self, 'mountinfo'), '24 1 0:22 / /proc rw - proc proc rw\n');
      },
      'cgroup v2 is not mounted',
    ],
    [
      'whose controllers cgroup v1 holds',
      () => makeUnit('v1.service', { controllers: 'hugetlb', processes: '' }),
      'cgroup_no_v1=all',
    ],
    [
      'where the server is in the group of a login',
      () => makeUnit('session-3.scope', { controllers: 'memory pids', processes: '' }),
      'a login session',
    ],
  ])('on a host %s, the detail has the reason and the remedy', async (_what, make, why) => {
    make();
    const { groups, detail } = await openControlGroups(host);
    expect(groups).toBeNull();
    expect(detail).toContain(why);
    expect(detail).toContain('Delegate=yes');
  });

  function makeUnit(name: string, files: { controllers: string; processes: string }): string {
    const unit = join(temp.path, name);
    mkdirSync(unit);
    writeFileSync(join(unit, 'cgroup.type'), 'domain\n');
    writeFileSync(join(unit, 'cgroup.controllers'), `${files.controllers}\n`);
    writeFileSync(join(unit, 'cgroup.procs'), files.processes);
    writeFileSync(join(unit, 'cgroup.subtree_control'), '');
    writeFileSync(join(host.self, 'cgroup'), `8:pids:/\n0::/${name}\n`);
    writeFileSync(
      join(host.self, 'mountinfo'),
      `24 1 0:22 / /proc rw - proc proc rw\n30 25 0:26 / ${temp.path} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n`,
    );
    return unit;
  }
});

const { groups, detail } = await openControlGroups();
const inForce = groups !== null;
const describeWhere = inForce ? describe : describe.skip;

describeWhere(`on this host${inForce ? '' : ` (${detail})`}`, () => {
  let sandbox: TestSandbox;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  test('the status reports them in force', async () => {
    const { walls } = await sandbox.backend.status();
    expect(walls).toContainEqual({ name: 'control groups', inForce: true, detail: expect.any(String) });
  });

  test('what sockets hold in the kernel counts as memory', async () => {
    const hold = py`
      import os, socket, time
      for _ in range(20):
          if os.fork() == 0: break
      held = []
      try:
          while True:
              held += socket.socketpair()
              held[-1].setblocking(False)
              try:
                  while True: held[-1].send(b'x' * 60_000)
              except BlockingIOError: pass
      except OSError: time.sleep(60)
    `;
    const run = await sandbox.run(hold, { memoryMb: 64, timeoutMs: 60_000 });
    expect(errorOf(run).code).toBe('PYTHON_MEMORY_LIMIT');
  });

  test('pages that forked processes share count once', async () => {
    const share = py`
      import os
      kept = b'x' * 60_000_000
      children = []
      end, keep = os.pipe()
      for _ in range(8):
          pid = os.fork()
          if pid == 0:
              os.close(keep)
              os.read(end, 1) # all live until the parent closes its side
              os._exit(0)
          children.append(pid)
      os.close(keep)
      for pid in children: os.waitpid(pid, 0)
      result = len(kept)
    `;
    expect(resultOf(await sandbox.run(share, { memoryMb: 150 }))).toBe(60_000_000);
  });

  test('a run sees nothing of its group', async () => {
    const look = "import os\nresult = [os.listdir('/weft/cgroup'), os.path.exists('/sys/fs/cgroup')]";
    expect(resultOf(await sandbox.run(look))).toEqual([[], false]);
  });

  test('removing a group leaves nothing behind', async () => {
    const room = await groups!.makeRoom(null);
    await removeGroup(room);
    expect(existsSync(room)).toBe(false);
  });
});
