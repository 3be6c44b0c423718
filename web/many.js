// A list of recipients: a verdict for each of them, one a line.

import * as api from './api.js';
import { bytesOf } from './der.js';
import { byId, count, el, foreign, icon, sentence } from './dom.js';
import { save } from './files.js';
import { refusalBox } from './lookup.js';
import { placeOf } from './place.js';
import { dayOf, parse } from './time.js';

// In the order in which they are summed up.
const VERDICTS = {
    ok: ['good', 'ready to encrypt to'],
    none: ['bad', 'no certificate'],
    expired: ['bad', 'out of its time'],
    revoked: ['bad', 'revoked'],
    no_encryption_usage: ['bad', 'not for encryption'],
    address_mismatch: ['bad', 'for another address'],
    untrusted: ['bad', 'not trusted'],
    unknown: ['unknown', 'cannot be told just now'],
    limit: ['unknown', 'not looked for'],
    invalid_address: ['bad', 'not an address'],
};

// As people paste them: "Alice Archer" <alice@example.org>, bob@example.org; a comma in quotes or brackets is none.
export function split(text) {
    const found = text.match(/(?:"(?:[^"\\\n]|\\.)*"|<[^>\n]*>|[^,;\n])+/g) || [];
    return found
        .map((part) => part.trim())
        .map((part) => {
            const bracketed = /<([^<>]*)>\s*$/.exec(part);
            return (bracketed === null ? part : bracketed[1]).trim();
        })
        .filter((part) => part !== '');
}

function line(recipient, number) {
    const [kind, words] = VERDICTS[recipient.status] || ['unknown', recipient.status];
    const until = parse(recipient.chain_not_after);
    const shown = recipient.display || recipient.address;
    return el(
        'li',
        { class: `recipient ${kind}` },
        icon(kind),
        el('a', { class: 'address', href: `#${encodeURIComponent(recipient.address)}` }, foreign(shown)),
        el(
            'span',
            { class: 'said' },
            el('b', {}, words),
            until !== undefined ? ` until ${dayOf(until)}` : '',
            recipient.reason_text ? el('span', { class: 'hint' }, sentence(recipient.reason_text)) : null,
            recipient.retry_after_s
                ? el('span', { class: 'hint' }, `Ask again in ${count(recipient.retry_after_s, 'second')}.`)
                : null,
            recipient.partial ? el('span', { class: 'hint' }, 'A directory is missing in this answer.') : null,
            recipient.stale ? el('span', { class: 'hint' }, 'This is past its life.') : null,
        ),
        recipient.certificate
            ? el(
                  'button',
                  {
                      type: 'button',
                      class: 'file',
                      'aria-label': `.cer of ${shown}`,
                      onclick: () =>
                          save(
                              new Blob([bytesOf(recipient.certificate)], { type: 'application/pkix-cert' }),
                              `${number}.cer`,
                          ),
                  },
                  icon('down'),
                  '.cer',
              )
            : null,
    );
}

function summary(recipients) {
    return Object.entries(VERDICTS)
        .map(([status, [kind, words]]) => ({
            kind,
            words,
            number: recipients.filter((one) => one.status === status).length,
        }))
        .filter(({ number }) => number > 0);
}

function bundle(addresses) {
    const fault = el('p', { class: 'fault', role: 'alert' });
    return el(
        'div',
        { class: 'files' },
        el(
            'div',
            { class: 'row' },
            el(
                'button',
                {
                    type: 'button',
                    class: 'file',
                    onclick: async () => {
                        try {
                            const got = await api.downloadMany(addresses);
                            save(got.blob, got.name);
                            fault.textContent = got.leftOut > 0 ? `${count(got.leftOut, 'recipient')} left out.` : '';
                        } catch (error) {
                            fault.textContent = error.message;
                        }
                    },
                },
                icon('down'),
                'All certificates in one .p7c',
            ),
            el('p', { class: 'hint', id: 'many-changed', hidden: true }, 'The list has been changed since: look up all.'),
        ),
        fault,
    );
}

function render(addresses, recipients) {
    const sums = summary(recipients);
    const said = sums.map(({ words, number }) => `${number} ${words}`).join(', ');
    return [
        [
            el(
                'ul',
                { class: 'sums' },
                sums.map(({ kind, words, number }) => el('li', { class: kind }, el('b', {}, number), ` ${words}`)),
            ),
            recipients.some((one) => one.certificate) ? bundle(addresses) : '',
            el(
                'ol',
                { class: 'recipients' },
                recipients.map((one, i) => line(one, i + 1)),
            ),
        ],
        `${count(recipients.length, 'recipient')}: ${said}.`,
    ];
}

function fail(error) {
    const wait = error.retryAfter ? el('p', {}, `Ask again in ${count(error.retryAfter, 'second')}.`) : null;
    return [[refusalBox(error, wait)], `${error.title || 'Failed'}. ${error.message}`];
}

const place = placeOf('many');
let askedWith = ''; // the token

const listOf = () => split(byId('addresses').value).join('\n');

// Each line names whom it is of, and helps to mend the list; the certificates of all in one do neither.
function heedList() {
    const number = split(byId('addresses').value).length;
    const changed = byId('many-changed');
    byId('addresses-count').textContent = number === 0 ? '' : count(number, 'address', 'addresses');
    if (changed !== null) {
        const isOther = listOf() !== place.question();
        changed.hidden = !isOther;
        document.querySelectorAll('#many-result .files button').forEach((button) => {
            button.disabled = isOther;
        });
    }
}

async function ask(list) {
    const addresses = list.split('\n');
    askedWith = api.token();
    await place.ask({
        of: list,
        words: `Asking for ${count(addresses.length, 'recipient')} …`,
        get: (signal) => api.lookUpMany(addresses, signal),
        show: ({ recipients }) => render(addresses, recipients),
        fail,
    });
    heedList();
}

function onSubmit(event) {
    const list = listOf();
    event.preventDefault();
    if (list === '') {
        place.put(null, [], 'There is no address in the list.', true);
        byId('addresses').focus();
    } else {
        ask(list);
    }
}

// With another token than it was asked with, it is asked again.
export function show() {
    if (place.question() !== null && askedWith !== api.token()) {
        ask(place.question());
    }
}

export function begin() {
    byId('many-form').addEventListener('submit', onSubmit);
    byId('addresses').addEventListener('input', heedList);
}
