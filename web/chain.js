// The chain as a picture: a list from the anchor down to the certificate, which the style sheet joins by a line. Beside
// each link stands what speaks of its revocation.

import { badge, count, el, foreign, icon } from './dom.js';
import { parseDn, placeOf, readCertificate, titleOf } from './der.js';
import { dayOf, parse } from './time.js';

const STATUS_WORDS = { good: 'not revoked', revoked: 'revoked', silent: 'says nothing of it' };

function evidence(item) {
    const known = STATUS_WORDS[item.status];
    const until = parse(item.next_update);
    const issued = parse(item.this_update);
    const kind = item.status === 'good' ? 'good' : item.status === 'revoked' ? 'bad' : 'unknown';
    return el(
        'li',
        { class: `evidence ${kind}` },
        icon(kind),
        el(
            'span',
            {},
            el('b', {}, item.kind === 'ocsp' ? 'OCSP answer' : 'CRL'),
            item.crl_number ? ` no. ${item.crl_number}` : '',
            ': ',
            known || item.status.replaceAll('_', ' '),
            issued !== undefined ? `, of ${dayOf(issued)}` : '',
            until !== undefined ? ` until ${dayOf(until)}` : '',
            item.source ? el('span', { class: 'source' }, foreign(item.source)) : null,
        ),
    );
}

function node(link, position) {
    const isLeaf = position === 0;
    const kind = isLeaf ? 'leaf' : link.isAnchor ? 'anchor' : 'authority';
    const role = { leaf: 'Certificate', anchor: 'Anchor', authority: 'Authority' }[kind];
    return el(
        'li',
        { class: `link ${kind}` },
        icon(kind),
        el(
            'div',
            {},
            el('p', { class: 'who' }, el('span', { class: 'role' }, role), ' ', foreign(link.title)),
            el(
                'p',
                { class: 'where' },
                link.place ? foreign(link.place) : null,
                link.until !== undefined ? el('span', {}, `until ${dayOf(link.until)}`) : null,
            ),
            link.revocation.length > 0 ? el('ul', { class: 'evidences' }, link.revocation.map(evidence)) : null,
        ),
    );
}

function ofName(dn) {
    const parts = parseDn(dn || '');
    return { title: titleOf(parts), place: placeOf(parts), revocation: [] };
}

// The links from the certificate up, by what explain says; times come out of the certificates beside it.
function explained(certificate, chain) {
    const known = [certificate.certificate, ...(certificate.chain || [])].map(readCertificate);
    return chain.links.map((link, i) => {
        const named = ofName(link.subject);
        const read = known[i];
        const same = read !== undefined && titleOf(read.subject) === named.title;
        return {
            ...named,
            until: same ? read.notAfter : undefined,
            isAnchor: chain.complete && i === chain.links.length - 1,
            revocation: (chain.revocation || []).filter((item) => item.link === i),
        };
    });
}

// Likewise, without it.
function plain(certificate) {
    const chain = certificate.chain || [];
    const links = [{ ...ofName(certificate.subject), until: parse(certificate.not_after) }];
    chain.map(readCertificate).forEach((read, i) =>
        links.push(
            read === undefined
                ? {
                      title: 'An issuer that cannot be read',
                      place: '',
                      revocation: [],
                      isAnchor: i === chain.length - 1,
                  }
                : {
                      title: titleOf(read.subject),
                      place: placeOf(read.subject),
                      until: read.notAfter,
                      revocation: [],
                      isAnchor: i === chain.length - 1,
                  },
        ),
    );
    return links;
}

function picture(links, complete, issuer) {
    const missing = complete
        ? null
        : el(
              'li',
              { class: 'link missing' },
              icon('missing'),
              el(
                  'div',
                  {},
                  el('p', { class: 'who' }, 'No anchor of this gateway'),
                  issuer ? el('p', { class: 'where' }, 'its issuer is called ', foreign(issuer)) : null,
              ),
          );
    const nodes = links.map(node).reverse();
    return el('ol', { class: 'chain' }, missing, nodes);
}

function tried(certificate, chain) {
    const links = explained(certificate, chain);
    return el(
        'li',
        {},
        el(
            'p',
            {},
            badge(chain.verdict.replaceAll('_', ' '), chain.verdict === 'valid' ? 'good' : 'bad'),
            ' ',
            chain.detail ? foreign(chain.detail) : null,
        ),
        picture(links, chain.complete),
    );
}

// The picture of the chain that the verdict rests on, and the others that were tried behind a button. null: there is
// none.
export function chainOf(certificate) {
    const chains = (certificate.explanation || {}).chains || [];
    if (chains.length === 0) {
        const links = plain(certificate);
        if (!certificate.subject) {
            return null;
        }
        const parts = parseDn(certificate.issuer || '');
        return picture(links, (certificate.chain || []).length > 0, titleOf(parts));
    }
    const main = chains.find((chain) => chain.verdict === 'valid') || chains[0];
    const others = chains.filter((chain) => chain !== main);
    const top = main.links.length === 1 ? titleOf(parseDn(certificate.issuer || '')) : undefined;
    return [
        picture(explained(certificate, main), main.complete, top),
        others.length === 0
            ? null
            : el(
                  'details',
                  { class: 'more' },
                  el(
                      'summary',
                      {},
                      `${count(others.length, 'other chain')} ${others.length === 1 ? 'was' : 'were'} tried`,
                  ),
                  el(
                      'ul',
                      { class: 'tried' },
                      others.map((chain) => tried(certificate, chain)),
                  ),
              ),
    ];
}
