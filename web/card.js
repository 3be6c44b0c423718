// One value of a directory as a card: who, whether one may encrypt to it or why not, how long, by whom, and its files.

import { chainOf } from './chain.js';
import { parseDn, placeOf, titleOf } from './der.js';
import { badge, count, el, facts, foreign, icon, sentence } from './dom.js';
import { linksToBest, linksToThis } from './files.js';
import { timeline } from './timeline.js';
import { dayOf, momentOf, now, parse, span } from './time.js';

const ADDRESSES_SHOWN = 5;
const SOON_MS = 30 * 86400e3;

const words = (name) =>
    name.replaceAll('_', ' ').replace(/([a-z])([A-Z])/g, (both, a, b) => `${a} ${b.toLowerCase()}`);

function keyOf(certificate) {
    const key = certificate.key || {};
    const size = key.curve || key.bits;
    return key.algorithm ? [key.algorithm, size].filter(Boolean).join(' ') : undefined;
}

const REVOCATION = {
    good: ['not revoked', 'good', 'not revoked'],
    revoked: ['revoked', 'bad', 'revoked'],
    unknown: ['revocation unknown', 'warn', 'unknown'],
    not_checked: ['revocation not checked', '', 'not checked'],
};

function endOf(certificate) {
    const ends = [certificate.not_after, certificate.chain_not_after].map(parse).filter((time) => time !== undefined);
    return ends.length === 0 ? undefined : Math.min(...ends);
}

function badges(certificate, refused) {
    const revocation = REVOCATION[(certificate.revocation || {}).status];
    const end = endOf(certificate);
    const left = end === undefined ? undefined : end - now();
    return el(
        'p',
        { class: 'badges' },
        refused ? badge(`refused: ${words(certificate.reason)}`, 'bad') : badge('usable', 'good'),
        keyOf(certificate) ? badge(keyOf(certificate)) : null,
        revocation && !(refused && ['revoked', 'issuer_revoked'].includes(certificate.reason))
            ? badge(revocation[0], revocation[1])
            : null,
        !refused && left !== undefined && left < SOON_MS ? badge(`ends in ${span(left)}`, 'warn') : null,
    );
}

function revocationOf(certificate) {
    const revocation = certificate.revocation || {};
    const [, , said] = REVOCATION[revocation.status] || [];
    const at = parse(revocation.revoked_at);
    const issued = parse(revocation.this_update);
    const next = parse(revocation.next_update);
    return (
        said &&
        el(
            'span',
            {},
            said,
            at !== undefined ? ` on ${dayOf(at)}` : '',
            revocation.crl_reason ? `: ${words(revocation.crl_reason)}` : '',
            revocation.awaited ? ', evidence may still come' : '',
            issued !== undefined ? el('span', { class: 'source' }, `said on ${momentOf(issued)}`) : null,
            next !== undefined ? el('span', { class: 'source' }, `next by ${momentOf(next)}`) : null,
        )
    );
}

function addressesOf(addresses, asked) {
    const same = (address) => address.toLowerCase() === asked.toLowerCase();
    const sorted = [...addresses].sort((a, b) => same(b) - same(a));
    const item = (address) => el('li', {}, foreign(address));
    const rest = sorted.slice(ADDRESSES_SHOWN);
    return [
        el('ul', { class: 'plain' }, sorted.slice(0, ADDRESSES_SHOWN).map(item)),
        rest.length === 0
            ? null
            : el(
                  'details',
                  { class: 'more' },
                  el('summary', {}, `and ${count(rest.length, 'other')}`),
                  el('ul', { class: 'plain' }, rest.map(item)),
              ),
    ];
}

function usagesOf(list) {
    return list === undefined ? undefined : list.length === 0 ? 'none' : list.map(words).join(', ');
}

function keyFacts(certificate, asked) {
    return facts([
        ['Key', keyOf(certificate)],
        ['Key usage', certificate.subject ? usagesOf(certificate.key_usage) || 'any: not restricted' : undefined],
        [
            'Purpose',
            certificate.subject ? usagesOf(certificate.extended_key_usage) || 'any: not restricted' : undefined,
        ],
        ['Signed with', certificate.signature],
        ['Reads', usagesOf(certificate.smime_capabilities)],
        ['Revocation', revocationOf(certificate)],
        [
            (certificate.addresses || []).length === 1 ? 'Address' : 'Addresses',
            certificate.addresses && certificate.addresses.length > 0
                ? addressesOf(certificate.addresses, asked)
                : undefined,
        ],
    ]);
}

const mono = (text) => text && foreign(text, { class: 'mono' });

function smallPrint(certificate) {
    const source = certificate.source || {};
    const time = (text) => (parse(text) === undefined ? text : momentOf(parse(text)));
    return el(
        'details',
        { class: 'more' },
        el('summary', {}, 'Names, numbers and where it was found'),
        facts(
            [
                ['Subject', mono(certificate.subject)],
                ['Issuer', mono(certificate.issuer)],
                ['Serial', mono(certificate.serial)],
                ['SHA-256', mono(certificate.fingerprint_sha256)],
                ['Valid from', time(certificate.not_before)],
                ['Valid until', time(certificate.not_after)],
                ['Chain until', time(certificate.chain_not_after)],
                ['Directory', source.directory && foreign(source.directory)],
                ['Entry', mono(source.dn)],
                ['Attribute', source.attribute && `${source.attribute}, value ${source.index + 1}`],
                ['Judged under', certificate.explanation && foreign(certificate.explanation.policy)],
                [
                    'Its place',
                    certificate.explanation &&
                        certificate.explanation.place &&
                        foreign(certificate.explanation.place),
                ],
                ['ActiveSync', certificate.activesync_status],
            ],
            'small',
        ),
    );
}

function ruleOf(rule) {
    return el(
        'li',
        {},
        el('b', {}, words(rule.reason)),
        rule.detail ? [': ', foreign(rule.detail)] : null,
        rule.clause ? el('span', { class: 'hint' }, ` (${rule.clause})`) : null,
    );
}

// Every rule it breaks besides the one that `detail` tells of.
function otherRules(certificate) {
    const explanation = certificate.explanation || {};
    const rules = [...(explanation.rules || []), ...(((explanation.chains || [])[0] || {}).rules || [])];
    const others = rules.filter((rule) => !rule.detail || !(certificate.detail || '').startsWith(rule.detail));
    return others.length === 0
        ? null
        : el(
              'div',
              {},
              el('p', { class: 'hint' }, 'It also breaks:'),
              el('ul', { class: 'rules' }, others.map(ruleOf)),
          );
}

function whyNot(certificate) {
    return el(
        'div',
        { class: 'why' },
        icon('bad'),
        el(
            'div',
            {},
            el('p', { class: 'reason' }, sentence(certificate.reason_text || words(certificate.reason))),
            certificate.detail ? el('p', { class: 'hint' }, foreign(certificate.detail)) : null,
            otherRules(certificate),
        ),
    );
}

function remark(certificate, refused) {
    return !refused && certificate.detail
        ? el('p', { class: 'notice' }, foreign(sentence(certificate.detail)))
        : null;
}

function filesOf(certificate, asked, place) {
    const fault = el('p', { class: 'fault', role: 'alert' });
    const links = place.isBest
        ? linksToBest(asked, (text) => {
              fault.textContent = text;
          })
        : linksToThis(asked, certificate, place.number);
    return el(
        'div',
        { class: 'files' },
        el('div', { class: 'row', role: 'group', 'aria-label': 'Download' }, links),
        fault,
    );
}

function body(certificate, asked, refused, id) {
    const chain = chainOf(certificate);
    return el(
        'div',
        { class: 'body', id },
        remark(certificate, refused),
        timeline(certificate, parse(certificate.chain_not_after)),
        el(
            'div',
            { class: 'columns' },
            chain === null ? null : el('section', {}, el('h4', {}, 'Chain'), chain),
            el(
                'section',
                {},
                el('h4', {}, certificate.subject ? 'Key and usages' : 'What was found out'),
                keyFacts(certificate, asked),
            ),
        ),
        smallPrint(certificate),
    );
}

// A button that shows and hides what it controls; what is always there is not part of its name.
function toggle(controlled, id, of, open) {
    const button = el(
        'button',
        { type: 'button', class: 'quiet toggle', 'aria-controls': id, 'aria-label': `Details of ${of}` },
        icon('more'),
        el('span', { class: 'words' }, 'Details'),
    );
    const set = (shows) => {
        button.setAttribute('aria-expanded', String(shows));
        controlled.hidden = !shows;
    };
    button.addEventListener('click', () => set(controlled.hidden));
    set(open);
    return button;
}

// place: {isBest, number, open}
export function card(certificate, asked, place) {
    const refused = certificate.reason !== undefined;
    const parts = certificate.subject ? parseDn(certificate.subject) : [];
    const title = certificate.subject ? titleOf(parts) : 'A value that is no certificate';
    const where = placeOf(parts);
    const id = `card-${place.number}`;
    const all = body(certificate, asked, refused, id);
    return el(
        'li',
        {},
        el(
            'article',
            { class: refused ? 'card refused' : 'card', 'aria-labelledby': `${id}-title` },
            el(
                'header',
                {},
                el('span', { class: 'number', 'aria-hidden': 'true' }, place.number),
                el(
                    'div',
                    { class: 'head' },
                    el('h3', { id: `${id}-title` }, foreign(title)),
                    where ? el('p', { class: 'where' }, foreign(where)) : null,
                    badges(certificate, refused),
                ),
                toggle(all, id, `${place.number}, ${title}`, place.open),
            ),
            refused ? whyNot(certificate) : null,
            certificate.certificate ? filesOf(certificate, asked, place) : null,
            all,
        ),
    );
}
