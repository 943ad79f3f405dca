import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  type ReactElement,
  useEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from 'react';
import { Button, IconButton } from '../ui/button.tsx';
import { Input, Select } from '../ui/field.tsx';
import { useToast } from '../ui/toast.tsx';
import { LogRow } from './log-row.tsx';
import './logs.css';
import { plainText } from './model/ansi.ts';
import { type LogFilter, type LogIndex, makeLogIndex } from './model/log-index.ts';
import { type LogLines, type LogSource, textOfLine } from './model/log-lines.ts';
import { makeLogSearch, maxFound } from './model/log-search.ts';
import { live } from './model/moment.ts';
import type { RunStore } from './run-store.ts';
import type { Selection } from './timeline.tsx';

export interface LogsProps {
  store: RunStore;
  logs: LogLines;
  /** Changes whenever there are more. */
  version: unknown;
  /** As they stood after this event. */
  sequence: number;
  /** Whose lines are shown; null for all. */
  of: Selection | null;
  /** Whether more may come. */
  isLive: boolean;
  nameOf: (nodeKey: string) => string;
}

const rowHeight = 20;
/** Characters of the column that says whose lines they are. */
const maxLabel = 24;
/** Browsers draw no element that is much higher than 17 million pixels; what is above is a click away. */
const maxRows = 500_000;

/** What the run printed: a window on the lines, which keeps up with any number of them. */
export function Logs({ store, logs, version, sequence, of, isLive, nameOf }: LogsProps): ReactElement {
  const [stream, setStream] = useState<LogSource['stream'] | 'ALL'>('ALL');
  const [earlier, setEarlier] = useState(0);
  const [isFollowing, setIsFollowing] = useState(true);
  const scroll = useRef<HTMLDivElement>(null);
  const index = useIndex(logs, of, stream);
  index.update();
  const shown = sequence === live ? index.length : index.countBelow(logs.countAt(sequence));
  const base = Math.max(0, shown - maxRows * (earlier + 1));
  const rows = Math.min(shown - base, maxRows);

  const virtual = useVirtualizer({
    count: rows,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  });
  const search = useSearch(logs, index, shown, version);
  const goTo = (place: number | undefined) => {
    if (place === undefined) return;
    setIsFollowing(false);
    virtual.scrollToIndex(place - base, { align: 'center' });
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: they are what moves the end
  useEffect(() => {
    const element = scroll.current;
    if (isFollowing && element !== null) element.scrollTop = element.scrollHeight;
  }, [isFollowing, rows, version, sequence]);

  const onScroll = () => {
    const element = scroll.current;
    if (element === null) return;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < rowHeight * 1.5;
    if (isAtEnd !== isFollowing) setIsFollowing(isAtEnd);
  };
  const items = virtual.getVirtualItems();
  const { labels, labelWidth } = useLabels(logs, of, nameOf);
  useReadAgain(
    store,
    logs,
    index,
    items.map((item) => item.index + base),
    version,
  );
  return (
    <div className="weft-logs">
      <div className="weft-logs__tools">
        <Select
          aria-label="Stream"
          value={stream}
          onChange={(event) => setStream(event.target.value as typeof stream)}
        >
          <option value="ALL">All lines</option>
          <option value="STDOUT">stdout</option>
          <option value="STDERR">stderr</option>
        </Select>
        <SearchBox search={search} onGo={goTo} />
        <span className="weft-logs__count">
          {shown.toLocaleString('en')} {shown === 1 ? 'line' : 'lines'}
        </span>
        <CopyLines logs={logs} index={index} count={shown} />
        {isLive && (
          <Button
            size="small"
            aria-pressed={isFollowing}
            icon={isFollowing ? 'stop' : 'play'}
            onClick={() => setIsFollowing(!isFollowing)}
          >
            {isFollowing ? 'Pause' : 'Follow'}
          </Button>
        )}
      </div>
      {logs.firstKept > 0 && (
        <p className="weft-logs__notice">
          The last {(logs.count - logs.firstKept).toLocaleString('en')} of {logs.count.toLocaleString('en')}{' '}
          lines are kept in memory, and searched; earlier ones are read again where you scroll to them.
        </p>
      )}
      <div
        ref={scroll}
        className="weft-logs__lines"
        role="log"
        aria-live="off"
        aria-label="Log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled with the keyboard
        tabIndex={0}
        style={{ '--weft-log-label': `${labelWidth}ch` } as CSSProperties}
        onScroll={onScroll}
      >
        {base > 0 && (
          <Button size="small" variant="ghost" onClick={() => setEarlier(earlier + 1)}>
            {base.toLocaleString('en')} earlier lines
          </Button>
        )}
        {rows === 0 && (
          <p className="weft-logs__none">{isLive ? 'Nothing printed yet.' : 'Nothing was printed.'}</p>
        )}
        <div className="weft-logs__all" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const place = item.index + base;
            const id = index.idAt(place);
            const source = logs.sourceOf(id);
            const line = logs.line(id);
            return (
              <LogRow
                key={id}
                number={place + 1}
                top={item.start}
                raw={line && textOfLine(line, sequence)}
                stream={logs.sources[source]?.stream}
                label={labelWidth === 0 ? null : (labels[source] ?? '')}
                query={search.query}
                isCurrent={search.place === place}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** Whose lines those of each source are, and how many characters that takes. */
function useLabels(logs: LogLines, of: Selection | null, nameOf: (nodeKey: string) => string) {
  const { length } = logs.sources;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the sources are one list that grows
  return useMemo(() => {
    const labels = logs.sources.map((source) => (of?.item == null ? labelOf(source, of, nameOf) : ''));
    const longest = labels.reduce((most, label) => Math.max(most, label.length), 0);
    return { labels, labelWidth: Math.min(longest, maxLabel) };
  }, [logs, length, of, nameOf]);
}

function labelOf(
  { nodeKey, item, attempt }: LogSource,
  of: Selection | null,
  nameOf: (key: string) => string,
): string {
  const parts = [of === null && nameOf(nodeKey), item !== null && `[${item}]`, attempt > 1 && `#${attempt}`];
  return parts.filter(Boolean).join(' ');
}

function useIndex(logs: LogLines, of: Selection | null, stream: LogSource['stream'] | 'ALL'): LogIndex {
  const nodeKey = of?.nodeKey;
  const item = of?.item ?? undefined;
  return useMemo(() => {
    const filter: LogFilter = { nodeKey, item, stream: stream === 'ALL' ? undefined : stream };
    return makeLogIndex(logs, filter);
  }, [logs, nodeKey, item, stream]);
}

/** Lines in sight that were let go are read again, a chunk at a time. */
function useReadAgain(
  store: RunStore,
  logs: LogLines,
  index: LogIndex,
  places: readonly number[],
  version: unknown,
): void {
  const id = places.map((place) => index.idAt(place)).find((line) => logs.line(line) === undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each change another may be missing
  useEffect(() => {
    if (id !== undefined) store.readAgain(logs.placeOf(id));
  }, [store, logs, id, version]);
}

interface Search {
  query: string;
  setQuery: (query: string) => void;
  found: readonly number[];
  isDone: boolean;
  /** The line that is gone to, and which of those found it is. */
  place: number | undefined;
  current: number;
  step: (by: 1 | -1) => number | undefined;
}

/** Searches in slices between frames, and goes on as lines come. */
function useSearch(logs: LogLines, index: LogIndex, shown: number, version: unknown): Search {
  const [query, setQueryText] = useState('');
  const [current, setCurrent] = useState(-1);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const isDone = useRef(true);
  const search = useMemo(
    () => (query === '' ? null : makeLogSearch(logs, index, query)),
    [logs, index, query],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that there are more lines
  useEffect(() => {
    if (search === null) return;
    let timer: ReturnType<typeof setTimeout>;
    const advance = () => {
      isDone.current = search.advance(8);
      redraw();
      if (!isDone.current) timer = setTimeout(advance);
    };
    timer = setTimeout(advance);
    return () => clearTimeout(timer);
  }, [search, version]);
  const found = search?.found ?? none;
  const reachable = shown === index.length ? found.length : found.filter((place) => place < shown).length;
  return {
    query,
    setQuery: (next) => {
      setQueryText(next);
      setCurrent(-1);
    },
    found: found.slice(0, reachable),
    isDone: isDone.current,
    place: found[current],
    current,
    step: (by) => {
      if (reachable === 0) {
        // Enter was faster than the search: whoever types and goes on at once is not left without an answer.
        search?.advance(50);
        const first = search?.found[0];
        if (first === undefined || first >= shown) return undefined;
        setCurrent(0);
        return first;
      }
      const next = current === -1 && by === -1 ? reachable - 1 : (current + by + reachable) % reachable;
      setCurrent(next);
      return found[next];
    },
  };
}

const none: readonly number[] = [];

function SearchBox({
  search,
  onGo,
}: {
  search: Search;
  onGo: (place: number | undefined) => void;
}): ReactElement {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') search.setQuery('');
    if (event.key !== 'Enter') return;
    event.preventDefault();
    onGo(search.step(event.shiftKey ? -1 : 1));
  };
  const total = `${search.found.length.toLocaleString('en')}${search.found.length >= maxFound ? '+' : ''}`;
  const count = search.current === -1 ? total : `${(search.current + 1).toLocaleString('en')} of ${total}`;
  return (
    <span className="weft-logs__search">
      <Input
        type="search"
        icon="search"
        aria-label="Search the log"
        placeholder="Search"
        value={search.query}
        onChange={(event) => search.setQuery(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {search.query !== '' && (
        <>
          <span role="status" className="weft-logs__count">
            {count}
            {!search.isDone && ' …'}
          </span>
          <IconButton
            icon="chevronUp"
            label="Previous match"
            size="small"
            onClick={() => onGo(search.step(-1))}
          />
          <IconButton
            icon="chevronDown"
            label="Next match"
            size="small"
            onClick={() => onGo(search.step(1))}
          />
        </>
      )}
    </span>
  );
}

/** More would stop the page for a while, and most clipboards. */
const maxCopied = 100_000;

function CopyLines({ logs, index, count }: { logs: LogLines; index: LogIndex; count: number }): ReactElement {
  const toast = useToast();
  const copy = async () => {
    const from = Math.max(0, count - maxCopied);
    const texts: string[] = [];
    for (let place = from; place < count; place++) {
      const line = logs.line(index.idAt(place));
      if (line !== undefined) texts.push(plainText(textOfLine(line)));
    }
    try {
      await navigator.clipboard.writeText(texts.join('\n'));
      toast({ tone: 'success', text: `Copied ${texts.length.toLocaleString('en')} lines.` });
    } catch {
      toast({ tone: 'failure', text: 'The browser refused to copy.' });
    }
  };
  return (
    <IconButton
      icon="copy"
      label="Copy the lines"
      size="small"
      disabled={count === 0}
      onClick={() => void copy()}
    />
  );
}
