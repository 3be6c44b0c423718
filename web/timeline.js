// How long a certificate holds, as bars on a line of time: itself, the list of revocations that it was held against,
// and now.

import { el, svg } from './dom.js';
import { dayOf, now, parse, span } from './time.js';

const BAR = 12;
const ROW = 30;

const DAY_MS = 86400e3;
const MOST_TICKS = 8;

const monthName = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', month: 'short' });
const dayName = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short' });

// Years are told from the months between them.
function monthTicks(from, until) {
    const months = (until - from) / (30.5 * DAY_MS);
    const step = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600].find((some) => months / some <= MOST_TICKS) || 1200;
    const first = new Date(from);
    const found = [];
    for (
        let month = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / step) * step;
        found.length <= MOST_TICKS + 1;
        month += step
    ) {
        const time = Date.UTC(Math.floor(month / 12), month % 12, 1);
        if (time > until) {
            break;
        }
        if (time >= from) {
            found.push({
                time,
                isYear: month % 12 === 0,
                text: month % 12 === 0 ? new Date(time).getUTCFullYear() : monthName.format(time),
            });
        }
    }
    return found;
}

function dayTicks(from, until) {
    const step = Math.max(1, Math.ceil((until - from) / DAY_MS / MOST_TICKS)) * DAY_MS;
    const found = [];
    for (let time = Math.ceil(from / DAY_MS) * DAY_MS; time <= until; time += step) {
        found.push({ time, isYear: false, text: dayName.format(time) });
    }
    return found;
}

// Those whose text would not fit in at the edges are left out.
function ticks(from, until) {
    const found = until - from < 70 * DAY_MS ? dayTicks(from, until) : monthTicks(from, until);
    const edge = (until - from) * 0.03;
    return found.filter(({ time }) => time > from + edge && time < until - edge);
}

// The positions are in percent, so that the letters keep their size however wide the picture is.
function draw(rows, at, from, until, words) {
    const x = (time) => `${Math.max(0, Math.min(100, ((time - from) / (until - from)) * 100)).toFixed(2)}%`;
    const width = (a, b) =>
        `${Math.max(0.6, ((Math.min(b, until) - Math.max(a, from)) / (until - from)) * 100).toFixed(2)}%`;
    const height = rows.length * ROW + 34;
    const bottom = height - 18;
    const bars = rows.map((row, i) => {
        const y = 24 + i * ROW;
        return svg(
            'g',
            { class: `bar ${row.kind}` },
            svg('rect', { class: 'track', x: 0, y, width: '100%', height: BAR, rx: 3 }),
            svg('rect', { class: 'held', x: x(row.from), y, width: width(row.from, row.until), height: BAR, rx: 3 }),
        );
    });
    const scale = ticks(from, until).map(({ time, isYear, text }) =>
        svg(
            'g',
            { class: isYear ? 'tick year' : 'tick' },
            svg('line', { x1: x(time), x2: x(time), y1: bottom - 6, y2: bottom }),
            svg('text', { x: x(time), y: height - 4, 'text-anchor': 'middle' }, text),
        ),
    );
    const share = (at - from) / (until - from);
    const anchor = share < 0.1 ? 'start' : share > 0.9 ? 'end' : 'middle';
    return svg(
        'svg',
        { class: 'timeline', role: 'img', 'aria-label': words, width: '100%', height },
        scale,
        bars,
        svg(
            'g',
            { class: 'today' },
            svg('line', { x1: x(at), x2: x(at), y1: 16, y2: bottom }),
            svg('text', { x: x(at), y: 11, 'text-anchor': anchor }, 'today'),
        ),
    );
}

function lasts(from, until, at) {
    if (at < from) {
        return `begins in ${span(from - at)}`;
    }
    return at > until ? `ended ${span(at - until)} ago` : `${span(until - at)} left`;
}

function rowOf(name, kind, from, until, at) {
    return {
        name,
        kind: `${kind} ${at > until || at < from ? 'over' : ''}`,
        from,
        until,
        words: `${dayOf(from)} – ${dayOf(until)}`,
        left: lasts(from, until, at),
    };
}

// null: its times are not known.
export function timeline(certificate, chainEnds) {
    const from = parse(certificate.not_before);
    const until = parse(certificate.not_after);
    const at = now();
    if (from === undefined || until === undefined || until < from) {
        return null;
    }
    const rows = [rowOf('Certificate', 'bar-self', from, until, at)];
    if (chainEnds !== undefined && chainEnds < until) {
        rows.push(rowOf('Chain', 'bar-chain', from, Math.max(from, chainEnds), at));
    }
    const list = certificate.revocation || {};
    const issued = parse(list.this_update);
    const next = parse(list.next_update);
    if (issued !== undefined && next !== undefined && next > issued) {
        rows.push(rowOf('Revocation list', 'bar-list', issued, next, at));
    }
    const low = Math.min(at, ...rows.map((row) => row.from));
    const high = Math.max(at, ...rows.map((row) => row.until));
    const margin = (high - low) * 0.02 + 1;
    const words = rows.map((row) => `${row.name}: ${row.words}, ${row.left}`).join('. ');
    return el(
        'figure',
        { class: 'validity' },
        el(
            'figcaption',
            {},
            rows.map((row) =>
                el(
                    'span',
                    { class: `key ${row.kind}` },
                    el('b', {}, row.name),
                    ` ${row.words}`,
                    el('span', { class: 'left' }, row.left),
                ),
            ),
        ),
        draw(rows, at, low - margin, high + margin, `Time line. ${words}. Today is ${dayOf(at)}.`),
    );
}
