// How long lookups take, out of the histograms of /v1/status: how many took up to each bound, since the start.

import { chart } from './chart.js';
import { el } from './dom.js';

const NAMES = { memory: 'memory', redis: 'Redis', directory: 'directory' };

function duration(us) {
    if (us === null) {
        return '–';
    }
    const [value, unit] = us < 1000 ? [us, 'µs'] : us < 1e6 ? [us / 1000, 'ms'] : [us / 1e6, 's'];
    return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

// Between the bounds of the bucket in which it lies, as if these were spread evenly there; what is above all bounds is told
// as the last of them. null: there was none.
export function quantile(bounds, counts, share) {
    const all = counts.reduce((sum, number) => sum + number, 0);
    const wanted = share * all;
    let before = 0;
    for (let i = 0; i < bounds.length && all > 0; i++) {
        if (before + counts[i] >= wanted && counts[i] > 0) {
            const from = i === 0 ? 0 : bounds[i - 1];
            return from + (bounds[i] - from) * (wanted - before) / counts[i];
        }
        before += counts[i];
    }
    return all === 0 ? null : bounds[bounds.length - 1];
}

function layerOf(status, name) {
    return status.latency && status.latency.layers.find(({ layer }) => layer === name);
}

// What was counted between two samples.
function between(earlier, later, name) {
    const [a, b] = [layerOf(earlier.status, name), layerOf(later.status, name)];
    return a && b && a.counts.length === b.counts.length ? b.counts.map((number, i) => Math.max(0, number - a.counts[i])) : [];
}

function seriesOf(samples, layer) {
    const { status } = samples[samples.length - 1];
    const { bounds_us: bounds } = status.latency;
    const at = (earlier, later, share) => quantile(bounds, between(earlier, later, layer), share);
    const first = samples[0];
    const latest = samples[samples.length - 1];
    const previous = samples[samples.length - 2] || latest;
    return { name: NAMES[layer] || layer, values: samples.slice(1).map((sample, i) => at(samples[i], sample, 0.99)),
        half: at(previous, latest, 0.5), most: at(previous, latest, 0.99), halfOfAll: at(first, latest, 0.5),
        mostOfAll: at(first, latest, 0.99) };
}

// A chart that also takes a gateway that does not tell how long it takes.
export function latencies(frame, samplesOf) {
    const drawn = chart({ ...frame, title: 'How long they take: 99 of 100 are faster', format: duration, least: 100, columns: [
        ['half, now', ({ half }) => duration(half)],
        ['99 %, now', ({ most }) => duration(most)],
        ['half', ({ halfOfAll }) => duration(halfOfAll)],
        ['99 %', ({ mostOfAll }) => duration(mostOfAll)],
    ] });
    const silent = el('div', { class: 'silent' }, el('h3', {}, 'How long they take'),
        el('p', { class: 'hint' }, 'This gateway does not tell.'));
    const element = el('div', { class: 'holder' }, silent);
    return { element,
        update(status) {
            const tells = Boolean(status.latency) && Array.isArray(status.latency.layers);
            const wanted = tells ? drawn.element : silent;
            if (element.firstChild !== wanted) {
                element.replaceChildren(wanted);
            }
            if (tells) {
                drawn.update(status.latency.layers.map(({ layer }) => seriesOf(samplesOf(), layer)));
            }
        } };
}
