// The gateway, asked as any program would. Every address is relative to the page, so that it works below any path.

import { sentence } from './dom.js';
import { heedDate } from './time.js';

const KEY = 'certlookup-token';
let kept = ''; // for where sessionStorage is not to be had

export function token() {
    try {
        return sessionStorage.getItem(KEY) || kept;
    } catch {
        return kept;
    }
}

export function keepToken(text) {
    mayExplain = true;
    kept = text;
    try {
        if (text === '') {
            sessionStorage.removeItem(KEY);
        } else {
            sessionStorage.setItem(KEY, text);
        }
    } catch {
        // Where nothing may be stored it is good until the page is left.
    }
}

// Whether it may stand in Authorization (RFC 6750 2.1); else fetch() would say so in words for programmers.
export function isToken(text) {
    return /^[A-Za-z0-9._~+/-]+=*$/.test(text);
}

export function recipientPath(address, rest = '') {
    return `v1/recipients/${encodeURIComponent(address)}${rest}`;
}

function wait(response) {
    const seconds = Number(response.headers.get('retry-after'));
    return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

const TITLES = {
    200: 'The answer cannot be read',
    400: 'This cannot be looked up',
    401: 'A token is needed',
    403: 'This is not for you',
    404: 'There is nothing here',
    409: 'Not everybody has a certificate',
    413: 'This is too much at once',
    429: 'You have asked for too many',
    503: 'The gateway cannot tell just now',
    504: 'It took too long',
};

// What came in place of an answer: a title, a sentence, and perhaps how many seconds to wait.
export class Refusal extends Error {
    constructor(status, detail, { title, retryAfter, body } = {}) {
        super(detail);
        this.status = status;
        this.title = title || TITLES[status] || (status >= 500 ? 'The gateway is in trouble' : 'This was refused');
        this.retryAfter = retryAfter;
        this.body = body;
    }

    get wantsToken() {
        return this.status === 401 || this.status === 403;
    }
}

async function bodyOf(response) {
    const type = response.headers.get('content-type') || '';
    try {
        return /[/+]json\b/.test(type) ? await response.json() : undefined;
    } catch (error) {
        if (error.name === 'AbortError') {
            throw error;
        }
        return undefined;
    }
}

function refusalOf(response, body) {
    const said = body && typeof body.detail === 'string' ? sentence(body.detail) : '';
    return new Refusal(
        response.status,
        said || `The answer was ${response.status}, and nothing was said about why.`,
        { retryAfter: wait(response), body },
    );
}

async function ask(path, options = {}) {
    const headers = { accept: 'application/json', ...options.headers };
    if (token() !== '') {
        headers.authorization = `Bearer ${token()}`;
    }
    let response;
    try {
        response = await fetch(new URL(path, document.baseURI), { cache: 'no-store', ...options, headers });
    } catch (error) {
        if (error.name === 'AbortError') {
            throw error;
        }
        throw new Refusal(0, 'No answer came: the network is down, or the gateway is.', {
            title: 'The gateway cannot be reached',
        });
    }
    heedDate(response);
    return response;
}

// JSON, whatever the status, as long as `isAnswer` knows it for an answer; else a Refusal is thrown.
async function askJson(path, options, isAnswer) {
    const response = await ask(path, options);
    const body = await bodyOf(response);
    if (body !== undefined && body !== null && isAnswer(body, response)) {
        return { ...body, retryAfter: wait(response) };
    }
    throw refusalOf(response, body);
}

// Whether refused values are shown to us is found out by the first look-up, and asked anew with another token.
let mayExplain = true;

const isLookup = (body) => typeof body.outcome === 'string';

// Without explain, none and unknown come as a problem; as an answer they look like this.
function asAnswer(refusal, address) {
    const body = refusal.body;
    if (body === undefined || typeof body.reason !== 'string') {
        throw refusal;
    }
    return {
        address: body.address || address,
        outcome: refusal.status === 404 ? 'none' : 'unknown',
        certificates: [],
        reason: body.reason,
        reason_text: body.detail,
        retryAfter: refusal.retryAfter,
    };
}

export async function lookUp(address, signal) {
    if (mayExplain) {
        try {
            const answer = await askJson(recipientPath(address, '?explain=1'), { signal }, isLookup);
            return { ...answer, explained: true };
        } catch (error) {
            if (!(error instanceof Refusal) || !error.wantsToken) {
                throw error;
            }
            mayExplain = false;
        }
    }
    try {
        return await askJson(recipientPath(address), { signal }, isLookup);
    } catch (error) {
        if (error instanceof Refusal) {
            return asAnswer(error, address);
        }
        throw error;
    }
}

function listed(addresses) {
    return {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ recipients: addresses }),
    };
}

export function lookUpMany(addresses, signal) {
    return askJson(
        'v1/recipients',
        { ...listed(addresses), signal },
        (body) => Array.isArray(body.recipients) && !('status' in body),
    );
}

export function status(signal) {
    return askJson('v1/status', { signal }, (body, response) => response.ok);
}

function nameIn(response) {
    const found = /filename="([^"\\]+)"/.exec(response.headers.get('content-disposition') || '');
    return found === null ? undefined : found[1];
}

// A file as the gateway gives it: its bytes, and the name that it has for them.
async function file(path, options, name) {
    const response = await ask(path, options);
    if (!response.ok) {
        throw refusalOf(response, await bodyOf(response));
    }
    return {
        blob: await response.blob(),
        name: nameIn(response) || name,
        leftOut: Number(response.headers.get('recipients-left-out')) || 0,
    };
}

export function download(path, name) {
    return file(path, { headers: { accept: '*/*' } }, name);
}

export function downloadMany(addresses) {
    return file('v1/recipients?format=p7c&partial=1', listed(addresses), 'recipients.p7c');
}
