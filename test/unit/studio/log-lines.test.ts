import { describe, expect, test } from '@jest/globals';
import { parseAnsi, plainText } from '../../../studio/src/run/model/ansi.ts';
import { makeLogIndex } from '../../../studio/src/run/model/log-index.ts';
import {
  type LogPiece,
  linesPerChunk,
  makeLogLines,
  remakeChunk,
  textOfLine,
} from '../../../studio/src/run/model/log-lines.ts';
import { makeLogSearch } from '../../../studio/src/run/model/log-search.ts';

describe('the lines of a log', () => {
  test('pieces become lines by source, in the order in which the lines began', () => {
    const log = makeLogLines();
    log.append(piece(1, 'one\ntw', 'a'));
    log.append(piece(2, 'other\n', 'b'));
    log.append(piece(3, 'o\nthree', 'a'));
    expect(texts(log)).toEqual(['one', 'two', 'other', 'three']);
    expect(log.countAt(1)).toBe(2);
    expect(textOfLine(log.line(1)!, 2)).toBe('tw');
    expect(log.countAt(2)).toBe(3);
  });

  test('a line without text is a line', () => {
    const log = makeLogLines();
    log.append(piece(1, '\n\nx\n'));
    expect(texts(log)).toEqual(['', '', 'x']);
  });

  test('keeps the last lines, and what was let go can be made again from its place', () => {
    const log = makeLogLines({ maxLines: linesPerChunk * 2, maxCharacters: 1e9 });
    const pieces = Array.from({ length: 6_000 }, (_, n) =>
      piece(n + 1, `${n} first\n${n} second\n${n} open`, n % 2 ? 'a' : 'b'),
    );
    for (const each of pieces) log.append(each);
    expect(log.line(0)).toBeUndefined();
    expect(log.firstKept).toBeGreaterThan(0);
    expect(log.firstKept % linesPerChunk).toBe(0);

    const whole = makeLogLines({ maxLines: 1e9, maxCharacters: 1e12 });
    for (const each of pieces) whole.append(each);
    for (const id of [0, linesPerChunk]) {
      const place = log.placeOf(id);
      const remake = remakeChunk(place);
      for (const each of pieces.slice(Number(place.cursor ?? 0))) if (!remake.isWhole) remake.append(each);
      log.restore(place.chunk, remake.lines());
      // The last lines of the sources may go on behind the chunk.
      for (let line = id; line < id + linesPerChunk - 2; line++)
        expect([line, textOfLine(log.line(line)!)]).toEqual([line, textOfLine(whole.line(line)!)]);
    }
  });

  test('a bar that redraws itself for ever stays one line of bounded size', () => {
    const log = makeLogLines();
    for (let n = 1; n <= 10_000; n++) log.append(piece(n, `\r${n} %`));
    expect(log.count).toBe(1);
    expect(log.line(0)!.parts.length).toBeLessThanOrEqual(256);
    expect(plainText(textOfLine(log.line(0)!))).toBe('10000 %');
  });

  test('an index shows the lines of a node, an item or a stream, and grows', () => {
    const log = makeLogLines();
    const ofB = makeLogIndex(log, { nodeKey: 'b' });
    log.append(piece(1, '1\n2\n', 'a'));
    log.append(piece(2, '3\n', 'b'));
    ofB.update();
    expect([ofB.length, ofB.idAt(0)]).toEqual([1, 2]);
    log.append({ ...piece(3, '4\n', 'b'), stream: 'STDERR', item: 7 });
    ofB.update();
    expect(ofB.length).toBe(2);
    expect(ofB.countBelow(3)).toBe(1);
    const ofItem = makeLogIndex(log, { item: 7, stream: 'STDERR' });
    ofItem.update();
    expect(ofItem.length).toBe(1);
  });

  test('a search finds lines whatever their case and colours, in slices', () => {
    const log = makeLogLines();
    for (let n = 1; n <= 1_000; n++)
      log.append(piece(n, n % 100 === 0 ? `\x1b[31mWar\x1b[0mning ${n}\n` : 'fine\n'));
    let clock = 0;
    const search = makeLogSearch(log, makeLogIndex(log, {}), 'WARNING', () => clock++);
    expect(search.advance(0)).toBe(false);
    expect(search.found).toEqual([99, 199]);
    while (!search.advance(0));
    expect(search.found).toHaveLength(10);
  });
});

describe('a printed line', () => {
  test.each([
    ['plain <b>text</b>', [{ text: 'plain <b>text</b>' }]],
    ['\x1b[1;31mred\x1b[0m on', [{ text: 'red', isBold: true, color: 'red' }, { text: ' on' }]],
    [
      '\x1b[38;5;196mx\x1b[48;2;1;2;3my',
      [
        { text: 'x', color: '#ff0000' },
        { text: 'y', color: '#ff0000', background: '#010203' },
      ],
    ],
    ['10 %\r20 %', [{ text: '20 %' }]],
    ['longer\rab', [{ text: 'abnger' }]],
    ['longer\r\x1b[Kab', [{ text: 'ab' }]],
    ['\x1b]0;a title\x07rest\x1b[2J\x1b(B', [{ text: 'restB' }]],
    ['nul\x00 bell\x07', [{ text: 'nul␀ bell␇' }]],
    ['\u202eabc', [{ text: '<U+202E>abc' }]],
    ['ab\bc', [{ text: 'ac' }]],
    ['', []],
  ])('%j is shown as a terminal would', (raw, spans) => {
    expect(parseAnsi(raw)).toEqual(spans);
  });

  test('no sequence, broken or endless, costs more than its length', () => {
    const hostile = '\x1b['.repeat(50_000) + '\x1b]'.repeat(50_000) + '\x1b[38;5'.repeat(20_000);
    const before = process.cpuUsage();
    parseAnsi(hostile);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000);
  });
});

function piece(sequence: number, text: string, nodeKey = 'a'): LogPiece {
  const cursorBefore = sequence === 1 ? null : String(sequence - 1);
  return { sequence, cursorBefore, text, nodeKey, item: null, attempt: 1, stream: 'STDOUT' };
}

function texts(log: ReturnType<typeof makeLogLines>): string[] {
  return Array.from({ length: log.count }, (_, id) => textOfLine(log.line(id)!));
}
