// What is there to be downloaded: by the gateway's own routes, or of the bytes that its JSON brought.

import { bytesOf } from './der.js';
import { el, icon } from './dom.js';
import * as api from './api.js';

const KINDS = [
    ['.cer', 'der', 'the certificate, DER'],
    ['.pem', 'pem', 'with its issuers, PEM'],
    ['.p7c', 'p7c', 'with its issuers, PKCS#7'],
    ['.vcf', 'vcard', 'for an address book, vCard'],
];

export function save(blob, name) {
    const url = URL.createObjectURL(blob);
    const link = el('a', { href: url, download: name, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60e3);
}

function nameFor(address, suffix) {
    const safe = address.replace(/[^A-Za-z0-9@._-]/g, '_').replace(/^\.+/, '');
    return `${safe || 'certificate'}${suffix}`;
}

function link(suffix, words, attributes) {
    return el(
        'a',
        { class: 'button file', title: words, ...attributes },
        icon('down'),
        el('span', {}, suffix, el('span', { class: 'unseen' }, `, ${words}`)),
    );
}

// The best one is what the route for one certificate gives. A link alone would be without the token, and would leave
// the page for what the gateway says in place of a file.
export function linksToBest(address, fault) {
    return KINDS.map(([suffix, format, words]) => {
        const path = api.recipientPath(address, `/certificate?format=${format}`);
        const name = nameFor(address, suffix);
        return link(suffix, words, {
            href: path,
            download: name,
            onclick: async (event) => {
                event.preventDefault();
                try {
                    const got = await api.download(path, name);
                    save(got.blob, got.name);
                    fault('');
                } catch (error) {
                    fault(error.message);
                }
            },
        });
    });
}

function pemOf(base64) {
    return `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
}

// Any other one: its bytes are here. The anchor is not among the issuers that go along, as on the route.
export function linksToThis(address, certificate, number) {
    const made = [
        ['.cer', KINDS[0][2], () => new Blob([bytesOf(certificate.certificate)], { type: 'application/pkix-cert' })],
    ];
    if ((certificate.chain || []).length > 0) {
        const all = [certificate.certificate, ...certificate.chain.slice(0, -1)];
        made.push([
            '.pem',
            KINDS[1][2],
            () => new Blob([all.map(pemOf).join('')], { type: 'application/pem-certificate-chain' }),
        ]);
    }
    return made.map(([suffix, words, blob]) =>
        el(
            'button',
            {
                type: 'button',
                class: 'file',
                title: words,
                onclick: () => save(blob(), nameFor(address, `-${number}${suffix}`)),
            },
            icon('down'),
            el('span', {}, suffix, el('span', { class: 'unseen' }, `, ${words}`)),
        ),
    );
}
