// Plays scenes on the page of a gateway, and holds against it what must be seen then:
//
//     node page.js URL FOLDER TOKEN SCENE…
//
// URL ends in a slash. Files that the page saves go to FOLDER. What is not so is told on standard error, and ends it
// with 1.
'use strict';
const assert = require('assert/strict');
const { openBrowser, openProxy, withPage } = require('./browser');
const lookups = require('./page_lookups');
const views = require('./page_views');
const { names, url } = require('./stage');

const scenes = { ...lookups, ...views };

// Of the browser's context.
const PHONE = { viewport: { width: 320, height: 640 } };
const OPTIONS = { accessible: { bypassCSP: true }, odd: PHONE };

// They do what is a fault elsewhere.
const FAULTY = ['policy', 'mixed'];

async function play(browser, name) {
    const proxy = name === 'prefix' ? await openProxy(url, '/certs/') : { url, close() {} };
    try {
        const faults = await withPage(browser, proxy.url, OPTIONS[name], (page) => scenes[name](page, proxy.url));
        assert.equal(faults.length > 0, FAULTY.includes(name), `faults: ${faults.join('\n')}`);
    } finally {
        proxy.close();
    }
}

async function main() {
    const browser = await openBrowser();
    for (const name of names) {
        await play(browser, name).catch((error) => {
            console.error(`${name}: ${error.stack || error}`);
            process.exitCode = 1;
        });
    }
    await browser.close();
}

main();
