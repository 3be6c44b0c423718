// Elements, and only these: whatever text comes in becomes text, never markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith('on')) {
            element.addEventListener(name.slice(2), value);
        } else if (value === true) {
            element.setAttribute(name, '');
        } else if (value !== false && value !== undefined && value !== null) {
            element.setAttribute(name, String(value));
        }
    }
    element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

// el('p', {class: 'x'}, 'text', element, [more], null): a missing child is left out. onclick and the like take
// functions.
export function el(name, attributes = {}, ...children) {
    return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, name), attributes, children);
}

// Text of somebody else's, whatever its direction is: it does not turn around what stands beside it.
export function foreign(text, attributes = {}) {
    return el('bdi', attributes, text);
}

const ICONS = {
    good: 'M4 10.5l4 4 8-9',
    bad: 'M5 5l10 10M15 5L5 15',
    unknown: 'M7 7.500a3 3 0 1 1 4.5 2.600c-1 .6-1.5 1.1-1.5 2.400M10 15.500v.5',
    anchor: 'M10 3l6 2.500v4.500c0 3.5-2.5 6-6 7.5-3.5-1.5-6-4-6-7.500V5.500z',
    authority: 'M4 4h12v9H4zM7 7h6M7 10h3M10 13v5l2-1.5 2 1.500v-5',
    leaf: 'M3 5h14v10H3zM3.5 5.500L10 11l6.5-5.5',
    missing: 'M4 10h2M9 10h2M14 10h2',
    more: 'M5 8l5 5 5-5',
    down: 'M10 3v9M6 9l4 4 4-4M4 17h12',
};

export function icon(name, label) {
    const naming = label === undefined ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': label };
    return svg(
        'svg',
        { class: `icon ${name}`, viewBox: '0 0 20 20', width: 20, height: 20, ...naming },
        svg('path', { d: ICONS[name], fill: 'none' }),
    );
}

export function badge(text, kind = '') {
    return el('span', { class: `badge ${kind}` }, text);
}

// [[name, value], …] as a list of descriptions; a pair without a value is left out.
export function facts(pairs, kind = '') {
    const told = pairs.filter(
        ([, value]) => value !== undefined && value !== null && value !== '' && value.length !== 0,
    );
    return el(
        'dl',
        { class: `facts ${kind}` },
        told.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
    );
}

// What is the same stays as it is: whoever reads or marks it is not disturbed.
export function renew(parent, children) {
    children.forEach((child, i) => {
        const before = parent.children[i];
        if (before === undefined) {
            parent.append(child);
        } else if (!before.isEqualNode(child)) {
            before.replaceWith(child);
        }
    });
    while (parent.children.length > children.length) {
        parent.lastElementChild.remove();
    }
}

export function byId(id) {
    return document.getElementById(id);
}

export function count(number, one, many = `${one}s`) {
    return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

// Tells whoever listens, and where it `shows` nowhere else, everybody.
export function say(id, text, shows) {
    const said = byId(id);
    said.classList.toggle('told', !shows);
    if (said.textContent !== text) {
        said.textContent = text;
    }
}

export function sentence(text) {
    return text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}` : '';
}
