// Times as people read them, all of them in UTC. What a certificate says of itself may be no time at all.

const DAY_MS = 86400e3;

const day = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' });
const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'UTC',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
});

// What the gateway's clock is ahead of this machine's: the gateway's is the one that counts.
let ahead_ms = 0;

export function heedDate(response) {
    const date = Date.parse(response.headers.get('date') || '');
    if (!Number.isNaN(date)) {
        ahead_ms = date - Date.now();
    }
}

export function now() {
    return Date.now() + ahead_ms;
}

export function parse(text) {
    const time = typeof text === 'string' ? Date.parse(text) : NaN;
    return Number.isNaN(time) ? undefined : time;
}

export function dayOf(time) {
    return day.format(time);
}

export function momentOf(time) {
    return `${day.format(time)}, ${clock.format(time)} UTC`;
}

export function clockOf(time) {
    return `${clock.format(time)} UTC`;
}

// "3 days", "5 hours": in the largest unit of which there are two.
export function span(ms) {
    const units = [
        ['year', 365 * DAY_MS],
        ['month', 30 * DAY_MS],
        ['day', DAY_MS],
        ['hour', 3600e3],
        ['minute', 60e3],
        ['second', 1e3],
    ];
    const size = Math.abs(ms);
    const [name, length] = units.find(([, unit]) => size >= 2 * unit) || units[units.length - 1];
    const number = Math.floor(size / length);
    return `${number} ${name}${number === 1 ? '' : 's'}`;
}
