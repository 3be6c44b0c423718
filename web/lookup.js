// The look-up of one address.

import * as api from './api.js';
import { card } from './card.js';
import { badge, byId, count, el, facts, foreign, icon, sentence } from './dom.js';
import { placeOf } from './place.js';
import { clockOf, dayOf, now, parse, span } from './time.js';

const OPEN_AT_ONCE = 3;

const place = placeOf('look-up');

const OUTCOMES = {
    found: ['good', 'found'],
    none: ['bad', 'none'],
    unknown: ['unknown', 'unknown'],
};

function titleOf(answer) {
    const usable = answer.certificates.length;
    switch (answer.outcome) {
        case 'found':
            return usable === 1 ? 'One certificate to encrypt to' : `${usable} certificates to encrypt to`;
        case 'none':
            return 'No certificate to encrypt to';
        default:
            return 'It cannot be told just now';
    }
}

const ADVICE = {
    none: 'A message cannot be encrypted to this address.',
    unknown: 'This does not mean that there is none: keep the message, and ask again.',
};

const LAYERS = { memory: 'from memory', redis: 'from Redis', directory: 'from the directory' };

function freshness(answer) {
    const made = parse(answer.made_at);
    const until = parse(answer.fresh_until);
    const day = (time) => (dayOf(time) === dayOf(now()) ? clockOf(time) : `${dayOf(time)}, ${clockOf(time)}`);
    const said = [
        LAYERS[answer.layer],
        made === undefined ? undefined : `asked ${now() - made < 2000 ? 'just now' : `${span(now() - made)} ago`}`,
        until === undefined || answer.outcome === 'unknown' ? undefined : `good until ${day(until)}`,
    ].filter(Boolean);
    return el('p', { class: 'hint' }, said.join(' · '));
}

function again(seconds) {
    return el(
        'p',
        { class: 'row' },
        el('button', { type: 'button', onclick: () => show(place.question()) }, 'Ask again'),
        seconds ? el('span', { class: 'hint' }, `The gateway says: in ${count(seconds, 'second')}.`) : null,
    );
}

function verdict(answer) {
    const [kind] = OUTCOMES[answer.outcome] || OUTCOMES.unknown;
    const shown = answer.display || answer.address;
    return el(
        'div',
        { class: `verdict ${kind}` },
        icon(kind),
        el(
            'div',
            {},
            el('h2', {}, titleOf(answer)),
            el(
                'p',
                { class: 'for' },
                'for ',
                foreign(shown, { class: 'address' }),
                answer.display ? [' ', el('span', { class: 'hint' }, '(', foreign(answer.address), ')')] : null,
            ),
            answer.reason_text ? el('p', { class: 'reason' }, sentence(answer.reason_text)) : null,
            ADVICE[answer.outcome] ? el('p', {}, ADVICE[answer.outcome]) : null,
            el(
                'p',
                { class: 'badges' },
                answer.partial ? badge('partial: a directory is missing', 'warn') : null,
                answer.stale ? badge('stale: past its life', 'warn') : null,
            ),
            freshness(answer),
            answer.outcome === 'unknown' ? again(answer.retry_after_s || answer.retryAfter) : null,
        ),
    );
}

function cards(title, list, answer, first) {
    const refused = first > 0 || answer.certificates.length === 0;
    const opens = (i) =>
        refused ? answer.certificates.length === 0 && i === 0 : i === 0 || list.length <= OPEN_AT_ONCE;
    return list.length === 0
        ? null
        : el(
              'section',
              {},
              el('h2', { class: 'group' }, title),
              el(
                  'ol',
                  { class: 'cards' },
                  list.map((certificate, i) =>
                      card(certificate, answer.address, {
                          number: first + i + 1,
                          isBest: !refused && i === 0,
                          open: opens(i),
                      }),
                  ),
              ),
          );
}

const RESULTS = {
    answered: ['answered', 'good'],
    cut_off: ['cut its answer off', 'warn'],
    timed_out: ['ran out of time', 'bad'],
    unavailable: ['could not be asked', 'bad'],
    overloaded: ['was not asked: too many searches wait', 'warn'],
};

function directory(asked) {
    const [said, kind] = RESULTS[asked.result] || [asked.result, ''];
    return [
        foreign(asked.name),
        el(
            'span',
            {},
            badge(said, kind),
            ' ',
            [
                asked.entries === undefined ? null : count(asked.entries, 'entry', 'entries'),
                asked.values === undefined ? null : count(asked.values, 'value'),
                asked.duration_ms === undefined ? null : `${asked.duration_ms} ms`,
            ]
                .filter(Boolean)
                .join(', '),
            asked.error ? el('span', { class: 'source' }, foreign(asked.error)) : null,
        ),
    ];
}

function directories(answer) {
    const list = answer.directories || [];
    return list.length === 0
        ? null
        : el(
              'section',
              {},
              el('h2', { class: 'group' }, 'Directories that were asked'),
              facts(list.map(directory), 'wide'),
          );
}

function notExplained(answer) {
    return answer.explained
        ? null
        : el(
              'p',
              { class: 'notice' },
              'Refused values and evidence are shown on the gateway’s machine, or with a token for explain.',
          );
}

function render(answer) {
    const usable = answer.certificates;
    const refused = answer.refused || [];
    const refusals = refused.length > 0 ? `, ${refused.length} refused` : '';
    return [
        [
            verdict(answer),
            cards(usable.length > 1 ? 'Usable, best first' : 'Usable', usable, answer, 0),
            cards('Refused', refused, answer, usable.length),
            directories(answer),
            notExplained(answer),
        ].filter(Boolean),
        `${answer.display || answer.address}: ${titleOf(answer)}${refusals}. ${sentence(answer.reason_text)}`,
    ];
}

export function refusalBox(error, ...more) {
    return el(
        'div',
        { class: 'verdict unknown' },
        icon('unknown'),
        el(
            'div',
            {},
            el('h2', {}, error.title || 'This page has failed'),
            el('p', { class: 'reason' }, foreign(error.message)),
            error.wantsToken
                ? el(
                      'p',
                      {},
                      el(
                          'button',
                          { type: 'button', onclick: () => byId('token-open').click() },
                          api.token() === '' ? 'Enter a token' : 'Enter another token',
                      ),
                  )
                : null,
            more,
        ),
    );
}

function fail(error) {
    const mayPass = error.status === 0 || error.status === 429 || error.status >= 500;
    return [
        [refusalBox(error, mayPass ? again(error.retryAfter) : null)],
        `${error.title || 'Failed'}. ${error.message}`,
    ];
}

function introduction() {
    return el(
        'div',
        { class: 'introduction' },
        el(
            'p',
            {},
            'The gateway asks the directories that keep the certificates of this address, checks what it finds as ' +
                'S/MIME requires, and shows',
        ),
        el(
            'ul',
            {},
            el('li', {}, el('b', {}, 'what one may encrypt to'), ', best first, with chain, validity, key and files'),
            el(
                'li',
                {},
                el('b', {}, 'what is refused, and why'),
                ': expired, revoked, for another address, of nobody known',
            ),
            el(
                'li',
                {},
                el('b', {}, 'when it cannot tell'),
                ': that a directory is down never reads as “there is none”',
            ),
        ),
    );
}

// An answer is seen while its address stands in the field: with another one there, its files could be taken for that
// one's. It comes back with its address, and is not asked for anew.
function heedField() {
    const asked = place.question();
    const isOther = asked !== null && byId('address').value.trim() !== asked;
    place.setAside(
        isOther ? `Set aside: the answer for ${asked}. “Look up” asks for the address that stands above.` : '',
    );
}

// Shows the look-up of an address; '': none yet. Who comes back to one finds the field as they left it.
export function show(text) {
    const address = text.replace(/[\r\n]/g, '').trim(); // as the field has it
    if (address !== (place.question() || '')) {
        byId('address').value = address;
    }
    document.title = address === '' ? 'certlookup' : `${address} – certlookup`;
    if (address === '') {
        place.put(null, [introduction()], '');
    } else {
        place.ask({
            of: address,
            words: `Asking for ${address} …`,
            get: (signal) => api.lookUp(address, signal),
            show: render,
            fail,
        });
    }
    heedField();
}

export function begin() {
    byId('address').addEventListener('input', heedField);
}
