// A line for each series over the samples that were taken, and under it a table that says the same in numbers.

import { el, renew, svg } from './dom.js';

const HEIGHT = 100;
const STYLES = 5; // .s0 and so on in the style sheet

// The next of 1, 2, 5, 10, 20, 50 … that is not less; and of 1, 2, 4, 8 ….
export function roundUp(value) {
    const unit = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 5, 10].find((factor) => factor * unit >= value * 0.999999) * unit;
}

export function roundUpBinary(value) {
    return 2 ** Math.ceil(Math.log2(value));
}

// From 0 as it is; from anything else by powers, so that what is a thousand times as much is seen beside it.
function share(value, bottom, top) {
    const part = bottom === 0 ? value / top : Math.log(Math.max(value, bottom) / bottom) / Math.log(top / bottom);
    return Math.min(part, 1);
}

function pathOf(values, places, heightOf) {
    const first = places - values.length;
    let path = '';
    let isDrawing = false;
    values.forEach((value, i) => {
        if (value !== null) {
            const y = (HEIGHT - heightOf(value) * HEIGHT).toFixed(2);
            path += `${isDrawing ? 'L' : 'M'}${first + i} ${y}`;
            if (!isDrawing && (values[i + 1] ?? null) === null) {
                path += 'h-.01'; // one by itself is a dot
            }
        }
        isDrawing = value !== null;
    });
    return path;
}

const SHORTEST = 31; // samples that there is always room for: the line is no dot at the edge for long

function ageOf(places, interval_s) {
    const seconds = (places - 1) * interval_s;
    return `${seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`} ago`;
}

// series: [{name, values}], a value for each sample, null where there is none. `columns`: [[title, of a series → text],
// …]. `least`: how high it reaches at least; `bottom`: where it begins, see share().
export function chart({ title, format, least, bottom = 0, round = roundUp, interval_s, columns }) {
    const lines = svg('g');
    const labels = [el('span'), el('span'), el('span', {}, format(bottom))];
    const rows = el('tbody');
    const oldest = el('span');
    const picture = svg(
        'svg',
        { preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        [0, 50, 100].map((y) =>
            svg('path', { class: 'grid-line', d: `M0 ${y}H10000`, 'vector-effect': 'non-scaling-stroke' }),
        ),
        lines,
    );
    const key = (i) =>
        svg(
            'svg',
            { class: 'swatch', width: 22, height: 8, 'aria-hidden': 'true' },
            svg('line', { class: `series s${i % STYLES}`, x1: 1, x2: 21, y1: 4, y2: 4 }),
        );
    const element = el(
        'figure',
        { class: 'chart' },
        el('figcaption', {}, el('h3', {}, title)),
        el(
            'div',
            { class: 'plot' },
            el('div', { class: 'levels', 'aria-hidden': 'true' }, labels),
            picture,
            el('p', { class: 'ages', 'aria-hidden': 'true' }, oldest, el('span', {}, 'now')),
        ),
        el(
            'table',
            {},
            el('caption', { class: 'unseen' }, title),
            el(
                'thead',
                {},
                el(
                    'tr',
                    {},
                    el('th', { scope: 'col' }, el('span', { class: 'unseen' }, 'Series')),
                    columns.map(([name]) => el('th', { scope: 'col' }, name)),
                ),
            ),
            rows,
        ),
    );
    return {
        element,
        update(series) {
            const places = Math.max(SHORTEST, ...series.map(({ values }) => values.length));
            const top = round(
                Math.max(least, ...series.flatMap(({ values }) => values.filter((value) => value !== null))),
            );
            picture.setAttribute('viewBox', `0 -2 ${places - 1} ${HEIGHT + 4}`);
            oldest.textContent = ageOf(places, interval_s);
            labels[0].textContent = format(top);
            labels[1].textContent = format(bottom === 0 ? top / 2 : Math.sqrt(top * bottom));
            lines.replaceChildren(
                ...series.map(({ values }, i) =>
                    svg('path', {
                        class: `series s${i % STYLES}`,
                        fill: 'none',
                        d: pathOf(values, places, (value) => share(value, bottom, top)),
                        'vector-effect': 'non-scaling-stroke',
                    }),
                ),
            );
            renew(
                rows,
                series.map((one, i) =>
                    el(
                        'tr',
                        {},
                        el('th', { scope: 'row' }, el('span', { class: 'series-name' }, key(i), el('span', {}, one.name))),
                        columns.map(([, tell]) => el('td', {}, tell(one))),
                    ),
                ),
            );
        },
    };
}
