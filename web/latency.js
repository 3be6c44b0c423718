// How long lookups take, out of the histograms of /v1/status: how many took up to each bound, since the start.

import { chart } from './chart.js';
import { el } from './dom.js';

const LEAST_US = 1;

const NAMES = { memory: 'memory', redis: 'Redis', directory: 'directory' };

function duration(us) {
    if (us === null) {
        return '–';
    }
    const [value, unit] = us < 1000 ? [us, 'µs'] : us < 1e6 ? [us / 1000, 'ms'] : [us / 1e6, 's'];
    return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

// The next of 100 µs, 10 ms, 1 s: half way up from the least is a round number, too.
function roundUpTwice(us) {
    return LEAST_US * 100 ** Math.ceil(Math.log(us / LEAST_US) / Math.log(100) - 1e-9);
}

// Between the bounds of the bucket in which it lies, as if these were spread evenly there. Infinity: above all bounds;
// null: there was none.
export function quantile(bounds, counts, share) {
    const all = counts.reduce((sum, number) => sum + number, 0);
    const wanted = share * all;
    let before = 0;
    for (let i = 0; i < bounds.length && all > 0; i++) {
        if (before + counts[i] >= wanted && counts[i] > 0) {
            const from = i === 0 ? 0 : bounds[i - 1];
            return from + ((bounds[i] - from) * (wanted - before)) / counts[i];
        }
        before += counts[i];
    }
    return all === 0 ? null : Infinity;
}

function layerOf(status, name) {
    return status.latency && status.latency.layers.find(({ layer }) => layer === name);
}

// What was counted between two samples.
function between(earlier, later, name) {
    const [a, b] = [layerOf(earlier.status, name), layerOf(later.status, name)];
    return a && b && a.counts.length === b.counts.length
        ? b.counts.map((number, i) => Math.max(0, number - a.counts[i]))
        : [];
}

function seriesOf(samples, layer) {
    const { status } = samples[samples.length - 1];
    const { bounds_us: bounds } = status.latency;
    const most = bounds[bounds.length - 1];
    const at = (earlier, later, share) => quantile(bounds, between(earlier, later, layer), share);
    const tell = (us) => (us === Infinity ? `> ${duration(most)}` : duration(us));
    const first = samples[0];
    const latest = samples[samples.length - 1];
    const previous = samples[samples.length - 2] || latest;
    return {
        name: NAMES[layer] || layer,
        values: samples
            .slice(1)
            .map((sample, i) => at(samples[i], sample, 0.99))
            .map((us) => (us === Infinity ? most : us)),
        now: [0.5, 0.99].map((share) => tell(at(previous, latest, share))),
        all: [0.5, 0.99].map((share) => tell(at(first, latest, share))),
    };
}

// A chart that also takes a gateway that does not tell how long it takes.
export function latencies(frame, samplesOf) {
    const drawn = chart({
        ...frame,
        title: 'How long they take: 99 of 100 are faster',
        format: duration,
        bottom: LEAST_US,
        least: 100 * LEAST_US,
        round: roundUpTwice,
        columns: [
            ['half, now', ({ now }) => now[0]],
            ['99 %, now', ({ now }) => now[1]],
            ['half', ({ all }) => all[0]],
            ['99 %', ({ all }) => all[1]],
        ],
    });
    const silent = el(
        'div',
        { class: 'silent' },
        el('h3', {}, 'How long they take'),
        el('p', { class: 'hint' }, 'This gateway does not tell.'),
    );
    const element = el('div', { class: 'holder' }, silent);
    return {
        element,
        update(status) {
            const tells = Boolean(status.latency) && Array.isArray(status.latency.layers);
            const wanted = tells ? drawn.element : silent;
            if (element.firstChild !== wanted) {
                element.replaceChildren(wanted);
            }
            if (tells) {
                drawn.update(status.latency.layers.map(({ layer }) => seriesOf(samplesOf(), layer)));
            }
        },
    };
}
