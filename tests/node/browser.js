// Debian's chromium, driven by playwright-core, and what no page of ours may do in it.
'use strict';
const http = require('http');
const { chromium } = require('playwright-core');

const DESKTOP = { width: 1280, height: 800 };

// A look-up without a certificate is a 404, and chromium notes each of these.
const isExpected = (text) =>
    /^Failed to load resource: (the server responded with a status of [45]\d\d|net::ERR_FAILED)/.test(text);

// Each fault is a line in `faults`: what the console says (what the policy forbids is said there), errors of scripts,
// requests to anybody else than `url`.
function watch(page, url, faults) {
    page.on('console', (message) => {
        if (!['log', 'info', 'debug'].includes(message.type()) && !isExpected(message.text())) {
            faults.push(`the console says: ${message.text()}`);
        }
    });
    page.on('pageerror', (error) => faults.push(`a script fails: ${error.stack}`));
    page.on('dialog', (dialog) => {
        faults.push(`a dialog opens: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('request', (request) => {
        if (!request.url().startsWith(url) && !request.url().startsWith(`blob:${new URL(url).origin}/`)) {
            faults.push(`it asks for ${request.url()}`);
        }
    });
}

function openBrowser() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        args: process.getuid() === 0 ? ['--no-sandbox'] : [],
    });
}

// Calls play(page) with an empty page of nobody's; the faults that were seen.
async function withPage(browser, url, options, play) {
    const faults = [];
    const context = await browser.newContext({ viewport: DESKTOP, ...options });
    context.setDefaultTimeout(20000);
    const page = await context.newPage();
    watch(page, url, faults);
    try {
        await play(page);
    } finally {
        await context.close();
    }
    return faults;
}

// A proxy that has the gateway below a path, and says that it speaks for others: what it is asked for elsewhere is 404.
function openProxy(upstream, prefix) {
    const server = http.createServer((request, response) => {
        if (!request.url.startsWith(prefix)) {
            response.writeHead(404).end();
            return;
        }
        const target = new URL(`/${request.url.slice(prefix.length)}`, upstream);
        const headers = { ...request.headers, host: target.host, 'x-forwarded-for': '192.0.2.7' };
        const passed = http.request(target, { method: request.method, headers }, (answer) => {
            response.writeHead(answer.statusCode, answer.rawHeaders);
            answer.pipe(response);
        });
        passed.on('error', () => response.writeHead(502).end());
        request.pipe(passed);
    });
    return new Promise((resolve) =>
        server.listen(0, '127.0.0.1', () =>
            resolve({ url: `http://127.0.0.1:${server.address().port}${prefix}`, close: () => server.close() }),
        ),
    );
}

module.exports = { openBrowser, withPage, openProxy, DESKTOP };
