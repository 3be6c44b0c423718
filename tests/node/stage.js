// Where the scenes of page.js play, and the steps that they have in common.
'use strict';
const assert = require('assert/strict');
const fs = require('fs');
const path = require('path');

const [url, folder, token, ...names] = process.argv.slice(2);

const json = async (route) => (await fetch(url + route)).json();
const texts = (page, selector) => page.locator(selector).allTextContents();
const title = (page) => page.locator('.verdict h2').textContent();

const many = [
    'Alice Archer <alice@example.org>, "Baker, Bob" <bob@example.org>',
    'mallory@example.org; dave@example.org',
    '',
    'nobody',
    'lena@bücher.example',
    'nemo@example.org',
].join('\n');

// Until what was asked has been answered and is shown.
function settle(page) {
    return page.waitForFunction(
        () =>
            document.querySelector('.view:not([hidden]) .verdict, .recipients, .tiles') !== null &&
            document.querySelector('[aria-busy]') === null,
    );
}

const visible = (page, selector) => page.locator(selector).filter({ visible: true }).allTextContents();

// Requests that wait: when asked() is over there is one, and release() lets the oldest have its answer.
async function hold(page, pattern, answer) {
    const waiting = [];
    await page.route(pattern, (route) => waiting.push(route));
    return {
        async asked() {
            for (let turn = 0; waiting.length === 0; turn++) {
                assert.ok(turn < 1000, `nobody asks for ${pattern}`);
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
        },
        release() {
            const route = waiting.shift();
            return route.fulfill(answer()).catch(() => {}); // nobody may want it any more
        },
    };
}

async function lookUp(page, address) {
    await page.fill('#address', address);
    await page.press('#address', 'Enter');
    await page.waitForFunction((title) => document.title === title, `${address.trim()} – certlookup`);
    await settle(page);
}

async function open(page, fragment, at = url) {
    await page.goto('about:blank');
    await page.goto(at + fragment);
}

async function save(page, control, name) {
    const [file] = await Promise.all([page.waitForEvent('download'), control.click()]);
    await file.saveAs(path.join(folder, name));
    return file.suggestedFilename();
}

const fileOf = (name) => fs.readFileSync(path.join(folder, name));

module.exports = {
    url,
    folder,
    token,
    names,
    json,
    texts,
    visible,
    title,
    many,
    settle,
    hold,
    lookUp,
    open,
    save,
    fileOf,
};
