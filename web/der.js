// As much of X.509 (RFC 5280 4.1) as the picture of a chain needs: whom a certificate is for, by whom, and how long.
// The verdicts are the gateway's; here nothing is checked, and what cannot be read is left out.

const SEQUENCE = 0x30;
const SET = 0x31;
const OID = 0x06;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

const NAMES = {
    '2.5.4.3': 'CN',
    '2.5.4.4': 'SN',
    '2.5.4.42': 'GN',
    '2.5.4.6': 'C',
    '2.5.4.7': 'L',
    '2.5.4.8': 'ST',
    '2.5.4.10': 'O',
    '2.5.4.11': 'OU',
    '1.2.840.113549.1.9.1': 'emailAddress',
    '0.9.2342.19200300.100.1.25': 'DC',
    '0.9.2342.19200300.100.1.1': 'UID',
};

const ENCODINGS = { 0x0c: 'utf-8', 0x13: 'utf-8', 0x16: 'utf-8', 0x14: 'latin1', 0x1e: 'utf-16be' };

export function bytesOf(base64) {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

// The elements of `bytes` between two places, one level deep: {tag, start, end} each. Throws where they do not fit.
function* elements(bytes, start, end) {
    while (start < end) {
        const tag = bytes[start];
        let size = bytes[start + 1];
        let from = start + 2;
        if (size >= 0x80) {
            const octets = size & 0x7f;
            if (octets === 0 || octets > 4) {
                throw new RangeError('length');
            }
            size = 0;
            for (let i = 0; i < octets; i++) {
                size = size * 256 + bytes[from++];
            }
        }
        if (!(from + size <= end)) {
            throw new RangeError('size');
        }
        yield { tag, start: from, end: from + size };
        start = from + size;
    }
}

function inside(bytes, element, tag) {
    if (element === undefined || element.tag !== tag) {
        throw new RangeError('tag');
    }
    return [...elements(bytes, element.start, element.end)];
}

function oidOf(bytes, element) {
    const arcs = [];
    let arc = 0;
    for (let i = element.start; i < element.end; i++) {
        arc = arc * 128 + (bytes[i] & 0x7f);
        if ((bytes[i] & 0x80) === 0) {
            arcs.push(arc);
            arc = 0;
        }
    }
    const first = Math.min(2, Math.floor(arcs[0] / 40));
    return [first, arcs[0] - 40 * first, ...arcs.slice(1)].join('.');
}

function textOf(bytes, element) {
    const encoding = ENCODINGS[element.tag];
    return encoding === undefined
        ? undefined
        : new TextDecoder(encoding).decode(bytes.subarray(element.start, element.end));
}

// [['CN', 'Alice'], …], the most special one first, as in a written DN.
function nameOf(bytes, element) {
    const parts = [];
    for (const set of inside(bytes, element, SEQUENCE)) {
        for (const attribute of inside(bytes, set, SET)) {
            const [type, value] = inside(bytes, attribute, SEQUENCE);
            const text =
                type !== undefined && type.tag === OID && value !== undefined ? textOf(bytes, value) : undefined;
            if (text !== undefined) {
                const oid = oidOf(bytes, type);
                parts.push([NAMES[oid] || oid, text]);
            }
        }
    }
    return parts.reverse();
}

function timeOf(bytes, element) {
    const text = String.fromCharCode(...bytes.subarray(element.start, Math.min(element.end, element.start + 20)));
    const digits = /^(\d{2})?(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
    if (
        digits === null ||
        (element.tag === UTC_TIME) !== (digits[1] === undefined) ||
        (element.tag !== UTC_TIME && element.tag !== GENERALIZED_TIME)
    ) {
        return undefined;
    }
    const [, century, year, ...rest] = digits;
    const [month, day, hour, minute, second] = rest.map(Number);
    const full = Number((century || (Number(year) < 50 ? '20' : '19')) + year);
    return Date.UTC(full, month - 1, day, hour, minute, second);
}

// {subject, issuer, notBefore, notAfter} of a certificate in base64; undefined where it is none that we can read.
export function readCertificate(base64) {
    try {
        const bytes = bytesOf(base64);
        const [whole] = elements(bytes, 0, bytes.length);
        let fields = inside(bytes, inside(bytes, whole, SEQUENCE)[0], SEQUENCE);
        fields = fields[0].tag === 0xa0 ? fields.slice(1) : fields; // the version
        const [, , issuer, validity, subject] = fields;
        const [from, until] = inside(bytes, validity, SEQUENCE);
        return {
            subject: nameOf(bytes, subject),
            issuer: nameOf(bytes, issuer),
            notBefore: timeOf(bytes, from),
            notAfter: timeOf(bytes, until),
        };
    } catch (error) {
        return undefined;
    }
}

const HEX = /^[0-9a-fA-F]{2}$/;

// A written DN (RFC 4514) as the gateway gives it, taken apart as above.
export function parseDn(text) {
    const parts = [];
    let name = '';
    let value = null;
    const end = () => {
        if (value !== null) {
            parts.push([name.trim(), value]);
        }
        name = '';
        value = null;
    };
    for (let i = 0; i < text.length; i++) {
        const character = text[i];
        if (value === null) {
            if (character === '=') {
                value = '';
            } else {
                name += character;
            }
        } else if (character === '\\') {
            const bytes = [];
            while (text[i] === '\\' && HEX.test(text.slice(i + 1, i + 3))) {
                bytes.push(parseInt(text.slice(i + 1, i + 3), 16));
                i += 3;
            }
            value += bytes.length > 0 ? new TextDecoder().decode(Uint8Array.from(bytes)) : text[i + 1] || '';
            i += bytes.length > 0 ? -1 : 1;
        } else if (character === ',' || character === '+') {
            end();
        } else {
            value += character;
        }
    }
    end();
    return parts;
}

const find = (parts, wanted) => (parts.find(([name]) => name.toUpperCase() === wanted) || [])[1];

// What people call it: its common name, or else whatever there is.
export function titleOf(parts) {
    const given = [find(parts, 'GN'), find(parts, 'SN')].filter(Boolean).join(' ');
    return (
        find(parts, 'CN') ||
        given ||
        find(parts, 'EMAILADDRESS') ||
        find(parts, 'OU') ||
        find(parts, 'O') ||
        (parts[0] && parts[0][1]) ||
        'No name'
    );
}

// Where it belongs: "Sales, Example".
export function placeOf(parts) {
    const title = titleOf(parts);
    return ['OU', 'O', 'C']
        .map((name) => find(parts, name))
        .filter((value) => value && value !== title)
        .join(', ');
}
