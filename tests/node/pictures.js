// The pictures of docs/images, of a gateway that has the demo's people:
//
//     node pictures.js URL FOLDER
//
// URL ends in a slash. The status is more to look at when something happens, so some people are looked up meanwhile.
'use strict';
const path = require('path');
const { openBrowser, withPage } = require('./browser');

const [url, folder] = process.argv.slice(2);

const BUSY_SECONDS = 64;

const list = [
    'Alice Archer <alice@example.org>, bob@example.org',
    'mallory@example.org; dave@example.org',
    'lena@bücher.example',
    'olivia@example.org',
    'nemo@example.org',
].join('\n');

async function lookUp(page, address) {
    await page.goto(`${url}#${address}`);
    await page.waitForSelector('.verdict');
}

async function many(page) {
    await page.goto(`${url}#/many`);
    await page.fill('#addresses', list);
    await page.click('text=Look up all');
    await page.waitForSelector('.recipient');
    await page.evaluate(() => document.activeElement.blur());
}

// Waves of lookups, most of them of the same few.
async function keepBusy(until) {
    for (let turn = 0; Date.now() < until; turn++) {
        const wave = 60 + Math.round(50 * Math.sin(turn / 60));
        const names = Array.from({ length: wave }, (_, i) =>
            i % 20 === 0 ? `new.${turn}.${i}` : ['alice', 'bob', 'mallory'][i % 3],
        );
        await Promise.all(
            names.map((name) => fetch(`${url}v1/recipients/${name}@example.org`).then((answer) => answer.text())),
        );
        await new Promise((resolve) => setTimeout(resolve, 150));
    }
}

async function status(page) {
    await page.goto(`${url}#/status`);
    await keepBusy(Date.now() + BUSY_SECONDS * 1000);
}

const pictures = [
    ['desktop', { viewport: { width: 1280, height: 1420 } }, (page) => lookUp(page, 'sybil@example.org')],
    [
        'dark',
        { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
        (page) => lookUp(page, 'grace@example.org'),
    ],
    ['phone', { viewport: { width: 390, height: 1180 } }, (page) => lookUp(page, 'mallory@example.org')],
    ['many', { viewport: { width: 1280, height: 960 } }, many],
    ['status', { viewport: { width: 1280, height: 1240 } }, status],
];

async function main() {
    const browser = await openBrowser();
    for (const [name, options, play] of pictures) {
        const faults = await withPage(browser, url, options, async (page) => {
            await play(page);
            await page.screenshot({ path: path.join(folder, `page-${name}.png`) });
        });
        faults.forEach((fault) => console.error(`${name}: ${fault}`));
    }
    await browser.close();
}

main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
