import type { CellChannel } from '../../../server/sandbox/local/channel.ts';
import { sendFile } from '../../../server/sandbox/local/send-file.ts';

const MIB = 1024 * 1024;

async function answersTo(sizeMib: number, bounds: { scratchMb: number; fileMb: number }): Promise<object[]> {
  const sent: object[] = [];
  const channel = {
    async sendSlowly(frame: object) {
      sent.push(frame);
      return true;
    },
  } as unknown as CellChannel;
  const content = { async *[Symbol.asyncIterator]() {} };
  const file = { name: 'a.bin', sizeBytes: sizeMib * MIB, content };
  await sendFile(channel, { kind: 'open-file', number: 1, file: 'art_1' }, async () => file, bounds);
  return sent;
}

test('a file that a run cannot hold is refused with the setting that bounds it', async () => {
  expect(await answersTo(65, { scratchMb: 64, fileMb: 64 })).toMatchObject([
    {
      refused: expect.stringMatching(/holds 64 MiB \(PYTHON_SCRATCH_MB\), got a\.bin of 65 MiB/),
      isLast: true,
    },
  ]);
  expect(await answersTo(33, { scratchMb: 64, fileMb: 32 })).toMatchObject([
    {
      refused: expect.stringMatching(/at most 32 MiB.*\(PYTHON_FILE_MB\), got a\.bin of 33 MiB/),
      isLast: true,
    },
  ]);
  expect(await answersTo(32, { scratchMb: 64, fileMb: 32 })).toMatchObject([
    { name: 'a.bin', sizeBytes: 32 * MIB },
    { isLast: true },
  ]);
});
