// The page: which view is shown is said by the fragment of its address, so that it can be linked to, and gone back to.
//
//     #alice@example.org     the look-up of an address
//     #/many  #/status       the other views

import * as api from './api.js';
import { byId } from './dom.js';
import * as lookup from './lookup.js';
import * as many from './many.js';
import * as status from './status.js';

const VIEWS = { 'look-up': lookup, many, status };
const FRAGMENTS = { '/many': 'many', '/status': 'status' };
const TITLES = { many: 'Many – certlookup', status: 'Status – certlookup' };

let shown = null;

function fragment() {
    const text = location.hash.slice(1);
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

function showView(view) {
    for (const section of document.querySelectorAll('.view')) {
        section.hidden = section.id !== view;
    }
    for (const link of document.querySelectorAll('nav [data-view]')) {
        if (link.dataset.view === view) {
            link.setAttribute('aria-current', 'page');
        } else {
            link.removeAttribute('aria-current');
        }
    }
}

// Whoever comes from another view is led to the title of this one; who stays keeps the place where they are.
function route() {
    const text = fragment();
    const view = Object.hasOwn(FRAGMENTS, text) ? FRAGMENTS[text] : 'look-up';
    const comes = shown !== null && shown !== view;
    if (shown === 'status' && view !== 'status') {
        status.leave();
    }
    showView(view);
    shown = view;
    if (view !== 'look-up') {
        document.title = TITLES[view];
    }
    VIEWS[view].show(text);
    if (comes) {
        byId(`${view}-title`).focus();
    } else if (text === '') {
        byId('address').focus();
    }
}

// encodeURIComponent(), but for what reads better as it is and means nothing in a fragment.
function asFragment(address) {
    return `#${encodeURIComponent(address).replaceAll('%40', '@').replaceAll('%2B', '+')}`;
}

function onLookUp(event) {
    event.preventDefault();
    const address = byId('address').value.trim();
    if (asFragment(address) === location.hash || (address === '' && location.hash === '')) {
        route(); // the same once more
    } else {
        location.hash = asFragment(address);
    }
}

function tellToken() {
    byId('token-open').textContent = api.token() === '' ? 'Token' : 'Token: set';
}

function useToken(text) {
    api.keepToken(text);
    tellToken();
    byId('token-dialog').close();
    route();
}

function onToken(event) {
    const text = byId('token').value.trim();
    event.preventDefault();
    if (text !== '' && !api.isToken(text)) {
        byId('token-fault').textContent = 'This is no token: one has letters, digits, and -._~+/ only.';
        byId('token').focus();
        return;
    }
    useToken(text);
}

function openToken() {
    byId('token').value = api.token();
    byId('token-fault').textContent = '';
    byId('token-forget').hidden = api.token() === '';
    byId('token-dialog').showModal();
    byId('token').focus();
}

byId('look-up-form').addEventListener('submit', onLookUp);
byId('token-open').addEventListener('click', openToken);
byId('token-form').addEventListener('submit', onToken);
byId('token-cancel').addEventListener('click', () => byId('token-dialog').close());
byId('token-forget').addEventListener('click', () => useToken(''));
window.addEventListener('hashchange', route);
for (const view of Object.values(VIEWS)) {
    view.begin();
}
tellToken();
route();
byId('unstarted').hidden = true;
