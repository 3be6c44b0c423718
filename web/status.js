// How the gateway fares: /v1/status, asked for every other second while somebody looks, as numbers and charts.

import * as api from './api.js';
import { chart, roundUpBinary } from './chart.js';
import { badge, byId, count, el, facts, foreign, renew, say } from './dom.js';
import { latencies } from './latency.js';
import { refusalBox } from './lookup.js';
import { dayOf, momentOf, parse, span } from './time.js';

const INTERVAL_MS = 2000;
const SAMPLES = 150; // five minutes

let samples = []; // {time_ms, status}, the oldest first
let view = null;
let timer = null;
let isShown = false;
let flying = null;

const LAYERS = [
    ['memory', 'memory'],
    ['redis', 'Redis'],
    ['directory', 'directory'],
    ['stale', 'stale'],
    ['joined', 'joined another'],
];
const OUTCOMES = [
    ['found', 'found'],
    ['none', 'none'],
    ['unknown', 'unknown'],
];

function bytes(number) {
    const units = ['B', 'KiB', 'MiB', 'GiB'];
    const i = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, number)) / 10));
    const value = number / 1024 ** i;
    return `${i === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[i]}`;
}

function number(value) {
    if (value === null) {
        return '–';
    }
    return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}

// What was counted a second, between each sample and the one before.
function rates(of) {
    return samples.slice(1).map((sample, i) => {
        const seconds = (sample.time_ms - samples[i].time_ms) / 1000;
        return seconds > 0 ? Math.max(0, of(sample.status) - of(samples[i].status)) / seconds : null;
    });
}

const last = (values) => (values.length === 0 ? null : values[values.length - 1]);

function mean(values) {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

const RATE_COLUMNS = [
    ['a second, now', ({ values }) => number(last(values))],
    ['on average', ({ values }) => number(mean(values))],
    ['since the start', ({ total }) => number(total)],
];

const frame = { interval_s: INTERVAL_MS / 1000 };

function ratesChart(title, member, names) {
    const drawn = chart({ ...frame, title, format: number, least: 1, columns: RATE_COLUMNS });
    return {
        element: drawn.element,
        update: (status) =>
            drawn.update(
                names.map(([key, name]) => ({
                    name,
                    values: rates((of) => of[member][key]),
                    total: status[member][key],
                })),
            ),
    };
}

function sizesChart(title, key, format, rest) {
    const drawn = chart({
        ...frame,
        title,
        format,
        ...rest,
        columns: [
            ['now', ({ values }) => format(last(values))],
            ['at most', ({ values }) => format(Math.max(...values))],
        ],
    });
    return {
        element: drawn.element,
        update: () => drawn.update([{ name: title, values: samples.map(({ status }) => status.memory[key]) }]),
    };
}

function tile(name, value, more) {
    return el(
        'div',
        { class: 'tile' },
        el('dt', {}, name),
        el('dd', {}, value, more ? el('span', { class: 'hint' }, more) : null),
    );
}

function hits(status) {
    const { memory, redis, directory, stale } = status.lookups;
    const all = memory + redis + directory + stale;
    return all === 0 ? '–' : `${(((memory + redis + stale) / all) * 100).toFixed(1)} %`;
}

function tiles(status) {
    const { policy, redis, evidence } = status;
    const next = parse(evidence.next_update);
    return [
        tile('State', status.ready ? badge('ready', 'good') : badge('not ready', 'bad'), status.why_not),
        tile('Version', status.version, `up for ${span(parse(status.now) - parse(status.started_at))}`),
        tile('From a cache', hits(status), `${number(status.memory.evictions)} evicted`),
        tile('Under way', number(status.flights), `${count(status.waiting, 'request waits', 'requests wait')}`),
        tile(
            'Redis',
            !redis ? 'none' : redis.up ? badge('up', 'good') : badge('down', 'bad'),
            redis &&
                [count(redis.hits, 'hit'), count(redis.misses, 'miss', 'misses'), count(redis.errors, 'error')].join(
                    ', ',
                ),
        ),
        tile(
            'Policy',
            count(policy.anchors, 'anchor'),
            `${count(policy.crls, 'CRL')}, generation ${policy.generation}`,
        ),
        tile(
            'Fetched',
            count(evidence.crls, 'CRL'),
            `${count(evidence.ocsp_answers, 'OCSP answer')}, ${count(evidence.issuers, 'issuer')}` +
                (next === undefined ? '' : `, next by ${dayOf(next)}`),
        ),
    ];
}

const FAILURES = [
    ['timed_out', 'timed out'],
    ['unavailable', 'unavailable'],
    ['cut_off', 'cut off'],
    ['overloaded', 'overloaded'],
];

const searchesOf = (name) => (status) =>
    (status.directories.find((one) => one.name === name) || { searches: 0 }).searches;

function searchesChart() {
    const drawn = chart({
        ...frame,
        title: 'Searches, by directory',
        format: number,
        least: 1,
        columns: RATE_COLUMNS,
    });
    return {
        element: drawn.element,
        update: (status) =>
            drawn.update(
                status.directories.map(({ name, searches }) => ({
                    name,
                    values: rates(searchesOf(name)),
                    total: searches,
                })),
            ),
    };
}

function directory(one) {
    const failed = FAILURES.reduce((sum, [key]) => sum + one[key], 0);
    return el(
        'li',
        { class: 'card directory' },
        el('h3', {}, foreign(one.name)),
        el(
            'p',
            { class: 'badges' },
            one.up
                ? badge('up', 'good')
                : badge(one.searches === 0 ? 'not connected yet' : 'down', one.searches === 0 ? '' : 'bad'),
            one.followed ? badge('followed: tells of its changes') : null,
            failed > 0 ? badge(`${number(failed)} failed`, 'warn') : null,
        ),
        facts(
            [
                ['A second, now', number(last(rates(searchesOf(one.name))))],
                ['Searches', number(one.searches)],
                ['Answered', number(one.answered)],
                ...FAILURES.map(([key, name]) => [name[0].toUpperCase() + name.slice(1), number(one[key])]),
            ],
            'grid',
        ),
    );
}

function build() {
    const top = el('dl', { class: 'tiles' });
    const list = el('ul', { class: 'cards two' });
    const charts = [
        ratesChart('Lookups, by where the answer came from', 'lookups', LAYERS),
        latencies(frame, () => samples),
        ratesChart('Lookups, by how they ended', 'outcomes', OUTCOMES),
        searchesChart(),
        sizesChart('Answers in memory', 'entries', number, { least: 10 }),
        sizesChart('Memory for answers', 'bytes', bytes, { least: 1024, round: roundUpBinary }),
    ];
    const faults = el('div');
    byId('status-result').replaceChildren(
        faults,
        top,
        el('h2', { class: 'group' }, 'Directories'),
        list,
        el('h2', { class: 'group' }, 'The last five minutes'),
        el(
            'div',
            { class: 'charts' },
            charts.map(({ element }) => element),
        ),
    );
    return {
        fault: (box) => faults.replaceChildren(...(box ? [box] : [])),
        update(status) {
            faults.replaceChildren();
            renew(top, tiles(status));
            renew(list, status.directories.map(directory));
            charts.forEach((one) => one.update(status));
        },
    };
}

function take(status) {
    const before = last(samples);
    if (before !== null && before.status.started_at !== status.started_at) {
        samples = []; // it counts from the beginning again
    }
    samples = [...samples, { time_ms: performance.now(), status }].slice(-SAMPLES - 1);
    if (view === null) {
        view = build();
    }
    view.update(status);
    const down = status.directories.filter((one) => !one.up && one.searches > 0).map((one) => one.name);
    say(
        'status-said',
        `${status.ready ? 'Ready' : 'Not ready'}; ` +
            `${down.length === 0 ? 'no directory is down' : `down: ${down.join(', ')}`}. ` +
            `Running since ${momentOf(parse(status.started_at))}.`,
        true,
    );
}

function fail(error) {
    const box = refusalBox(error);
    if (view === null || error.wantsToken) {
        view = null;
        samples = [];
        byId('status-result').replaceChildren(box);
    } else {
        view.fault(box);
    }
    say('status-said', `${error.title || 'Failed'}. ${error.message}`, false);
    return !error.wantsToken; // asking again changes nothing
}

async function ask() {
    let goesOn = true;
    const mine = (flying = new AbortController());
    try {
        take(await api.status(mine.signal));
    } catch (error) {
        if (flying !== mine || error.name === 'AbortError') {
            return;
        }
        goesOn = fail(error);
    }
    timer = goesOn && flying === mine ? setTimeout(ask, INTERVAL_MS) : null;
}

function stop() {
    clearTimeout(timer);
    timer = null;
    if (flying !== null) {
        flying.abort();
        flying = null;
    }
}

function goOn() {
    stop();
    if (isShown && document.visibilityState === 'visible') {
        ask();
    }
}

export function begin() {
    document.addEventListener('visibilitychange', goOn);
}

export function show() {
    isShown = true;
    goOn();
}

export function leave() {
    isShown = false;
    stop();
}
