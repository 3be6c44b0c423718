// Scenes of page.js: the other views, and what holds for all of them.
'use strict';
const assert = require('assert/strict');
const fs = require('fs');
const { DESKTOP } = require('./browser');
const { json, texts, visible, title, many, settle, hold, lookUp, open, save, token, url } = require('./stage');

async function batch(page) {
    await open(page, '#/many');
    await page.fill('#addresses', many);
    assert.equal(await page.textContent('#addresses-count'), '7 addresses');
    await page.click('text=Look up all');
    await settle(page);
    assert.deepEqual(await texts(page, '.recipient .said b'), [
        'ready to encrypt to',
        'ready to encrypt to',
        'revoked',
        'out of its time',
        'not an address',
        'ready to encrypt to',
        'no certificate',
    ]);
    assert.equal(
        await page.textContent('#many-said'),
        '7 recipients: 3 ready to encrypt to, 1 no certificate, 1 out of its time, 1 revoked, 1 not an address.',
    );
    await save(page, page.locator('.recipient .file').nth(1), 'bob.cer');
    assert.equal(await save(page, page.locator('text=All certificates in one'), 'all.p7c'), 'recipients.p7c');
    assert.equal(await page.textContent('#many-result .fault'), '4 recipients left out.');
    await page.click('.recipient a >> nth=2');
    await settle(page);
    assert.equal(await title(page), 'No certificate to encrypt to');

    await open(page, '#/many');
    await page.fill('#addresses', Array.from({ length: 501 }, (_, i) => `someone.${i}@example.org`).join('\n'));
    await page.click('text=Look up all');
    await page.waitForSelector('#many-result .verdict');
    assert.equal(await page.locator('#many-result h2').textContent(), 'This is too much at once');
    await page.fill('#addresses', ' ;,\n');
    await page.click('text=Look up all');
    assert.equal(await page.textContent('#many-said'), 'There is no address in the list.');
}

// Nothing is taken for what another list brought.
async function lists(page) {
    const real = await (
        await fetch(`${url}v1/recipients`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: '{"recipients": ["alice@example.org"]}',
        })
    ).json();
    const slow = await hold(page, /v1\/recipients$/, () => ({ json: real }));
    const ask = async (list) => {
        await page.fill('#addresses', list);
        await page.click('text=Look up all');
        await slow.asked();
    };
    const all = page.locator('text=All certificates in one');
    await open(page, '#/many');
    await ask('alice@example.org');
    slow.release();
    await settle(page);
    await page.fill('#addresses', 'bob@example.org');
    assert.deepEqual([await all.isDisabled(), await page.isVisible('#many-changed')], [true, true]);
    assert.equal((await visible(page, '.recipient')).length, 1);
    await ask('alice@example.org;');
    assert.equal((await visible(page, '.recipient')).length, 1);
    assert.equal(await page.getAttribute('#many-result', 'aria-busy'), 'true');
    await page.fill('#addresses', 'alice@example.org, bob@example.org');
    slow.release();
    await settle(page);
    assert.deepEqual([await all.isDisabled(), await page.isVisible('#many-changed')], [true, true]);
    await page.fill('#addresses', 'alice@example.org');
    assert.deepEqual([await all.isDisabled(), await page.isVisible('#many-changed')], [false, false]);
    await ask('bob@example.org');
    assert.deepEqual(await texts(page, '#many-result'), ['']);
    await page.fill('#addresses', '');
    await page.click('text=Look up all');
    slow.release();
    await ask('carol@example.org'); // so that an answer to bob's would have come
    assert.deepEqual(await texts(page, '#many-result'), ['']);
}

// A refusal is asked again with the token that is entered: in the view that is shown at once, in others as they are.
async function tokens(page) {
    const problem = (status) => ({
        status,
        contentType: 'application/problem+json',
        body: JSON.stringify({ status, detail: 'not so' }),
    });
    let refusal = problem(403);
    await page.route(/v1\//, (route) =>
        route.request().headers().authorization ? route.continue() : route.fulfill(refusal),
    );
    const enter = async (text) => {
        await page.click('#token-open');
        await page.fill('#token', text);
        await page.press('#token', 'Enter');
    };
    const forget = async () => {
        await page.click('#token-open');
        await page.click('text=Forget it');
    };
    const views = [
        ['alice@example.org', '#look-up-result .card'],
        ['/many', '.recipient.good'],
        ['/status', '.tiles'],
    ];
    for (const status of [401, 403, 429]) {
        refusal = problem(status);
        for (const [fragment, wanted] of views) {
            await open(page, `#${fragment}`);
            if (fragment === '/many') {
                await page.fill('#addresses', 'alice@example.org');
                await page.click('text=Look up all');
            }
            await page.waitForSelector('.view:not([hidden]) .verdict.unknown');
            await enter(token);
            await page.waitForSelector(wanted);
            await forget();
        }
    }
    await page.click('nav >> text=Many');
    await page.fill('#addresses', 'alice@example.org');
    await page.click('text=Look up all');
    await page.waitForSelector('#many-result .verdict.unknown');
    await page.click('nav >> text=Status');
    await enter(token);
    await page.waitForSelector('.tiles');
    await page.click('nav >> text=Many');
    await page.waitForSelector('.recipient.good');
}

// A module of another version, which lacks what this one takes from it.
async function mixed(page) {
    await page.route(/page\/card\.js$/, (route) =>
        route.fulfill({ contentType: 'text/javascript', body: 'export const other = 1;' }),
    );
    await open(page, '');
    await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
    assert.match((await visible(page, '#unstarted')).join(), /^This page has not come up\. Load it again/);
    await page.unroute(/page\/card\.js$/);
    await page.reload();
    await page.waitForSelector('.introduction');
    assert.equal(await page.isVisible('#unstarted'), false);
}

async function status(page) {
    const askedAt = () =>
        page.evaluate(() =>
            performance
                .getEntriesByType('resource')
                .filter(({ name }) => name.endsWith('v1/status'))
                .map(({ startTime }) => startTime),
        );
    await open(page, '#/status');
    await settle(page);
    const before = await json('v1/status');
    await fetch(`${url}v1/recipients/alice@example.org`);
    await fetch(`${url}v1/recipients/alice@example.org`);
    const memory = page.locator('.chart').first().locator('tbody tr').first();
    await page.waitForFunction((count) => {
        const cells = document.querySelectorAll('.chart tbody tr:first-child td');
        return Number(cells[2].textContent.replaceAll(',', '')) >= count && /[1-9]/.test(cells[0].textContent);
    }, before.lookups.memory + 1);
    assert.match(await memory.textContent(), /^memory/);
    assert.match(await page.locator('.chart path.s0').first().getAttribute('d'), /^M/);
    assert.deepEqual(await texts(page, '.tile dt'), [
        'State',
        'Version',
        'From a cache',
        'Under way',
        'Redis',
        'Policy',
        'Fetched',
    ]);
    assert.equal(await page.locator('.tile dd .badge').first().textContent(), 'ready');
    assert.deepEqual(await texts(page, '.directory h3'), ['example']);
    assert.equal(await page.locator('.directory .badge').first().textContent(), 'up');
    assert.match(await page.textContent('#status-said'), /^Ready; no directory is down\. Running since /);
    const asked = await askedAt();
    assert.ok(asked.length >= 2 && asked[1] - asked[0] >= 2000, `every other second, and not at ${asked} ms`);

    await page.click('nav >> text=Many');
    await page.waitForSelector('#many:visible');
    const until = (await askedAt()).length;
    await page.waitForTimeout(2500);
    assert.equal((await askedAt()).length, until, 'nobody looks, and it is asked for all the same');
}

// Of a gateway that tells how long lookups take; the numbers are played.
async function latency(page) {
    const real = await json('v1/status');
    let seconds = 0;
    let goOn;
    const seen = new Promise((resolve) => (goOn = resolve));
    await page.route(/v1\/status$/, async (route) => {
        if (++seconds > 1) {
            await seen;
        }
        const layers = [
            { layer: 'memory', counts: [100 * seconds, 0, 0], sum_us: 1 },
            { layer: 'directory', counts: [0, 98 * seconds, 2 * seconds], sum_us: 1 },
        ];
        route.fulfill({ json: { ...real, latency: { bounds_us: [100, 1000], layers } } });
    });
    await open(page, '#/status');
    await page.waitForSelector('.tiles');
    assert.match(await page.locator('.chart').nth(4).locator('path.s0').getAttribute('d'), /^M30 [\d.]+h-/, 'no dot');
    goOn();
    const rows = page.locator('.chart').nth(1).locator('tbody tr');
    await rows.first().locator('td >> text=50 µs').first().waitFor();
    assert.deepEqual(await rows.nth(0).locator('td').allTextContents(), ['50 µs', '99 µs', '50 µs', '99 µs']);
    assert.deepEqual(await rows.nth(1).locator('td').allTextContents(), ['559 µs', '> 1 ms', '559 µs', '> 1 ms']);
}

async function keyboard(page) {
    await open(page, '');
    await page.waitForSelector('.introduction');
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    const press = async (...keys) => {
        for (const key of keys) {
            await page.keyboard.press(key);
        }
    };
    assert.equal(await focused(), 'address');
    await page.keyboard.type('grace@example.org');
    await press('Enter');
    await settle(page);
    await press('Tab', 'Tab');
    assert.equal(
        await page.evaluate(() => document.activeElement.getAttribute('aria-label')),
        'Details of 1, Grace Green',
    );
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
    assert.equal(await page.locator('#card-1').isVisible(), true);
    await press('Space');
    assert.equal(await page.locator('#card-1').isVisible(), false);
    await press('Tab');
    const [file] = await Promise.all([page.waitForEvent('download'), press('Enter')]);
    assert.equal(file.suggestedFilename(), 'grace@example.org.cer');

    await page.evaluate(() => document.querySelector('nav a').focus());
    await press('Tab', 'Enter');
    await page.waitForFunction(() => document.activeElement.id === 'many-title');
    await press('Tab');
    assert.equal(await focused(), 'addresses');
    await page.keyboard.type('bob@example.org');
    await press('Tab', 'Enter');
    await page.waitForSelector('.recipient.good');

    await page.evaluate(() => document.getElementById('token-open').focus());
    await press('Enter');
    assert.equal(await focused(), 'token');
    await press('Escape');
    assert.equal(await focused(), 'token-open');
    await open(page, '#/many');
    await press('Tab');
    assert.equal(await focused(), 'Skip to the content');
}

const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

// Every view, with everything opened that can be.
async function eachView(page, look) {
    await open(page, '');
    await page.waitForSelector('.introduction');
    await look('empty');
    for (const address of ['sybil@example.org', 'mallory@example.org', 'not an address']) {
        await lookUp(page, address);
        await page.evaluate(() => {
            document.querySelectorAll('.toggle[aria-expanded=false]').forEach((button) => button.click());
            document.querySelectorAll('details').forEach((more) => {
                more.open = true;
            });
        });
        await look(address);
    }
    await page.click('nav >> text=Many');
    await page.fill('#addresses', `${many}, ${'very.long.'.repeat(6)}name@example.org`);
    await page.click('text=Look up all');
    await page.waitForSelector('.recipient');
    await look('many');
    await page.click('nav >> text=Status');
    await page.waitForSelector('.tiles');
    await look('status');
    await page.click('#token-open');
    await look('token');
}

const PHONE = { width: 320, height: 640 };

// In both sets of colours axe-core has nothing to say; a narrow phone shows all of it.
async function accessible(page) {
    const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
    const check = async (name) => {
        if (await page.evaluate(() => typeof axe === 'undefined')) {
            await page.evaluate(axe);
        }
        const result = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
        assert.ok(result.passes.length > 10, `${name}: axe-core looked at nothing`);
        result.violations.forEach(({ id, help, nodes }) =>
            assert.fail(
                `${name}: ${id}: ${help}: ${nodes.map(({ html, failureSummary }) => html + failureSummary).join('\n')}`,
            ),
        );
    };
    await eachView(page, async (name) => {
        await page.setViewportSize(DESKTOP);
        for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
            await check(`${name}, ${colorScheme}`);
        }
        await page.setViewportSize(PHONE);
        assert.equal(await wide(page), 0, `${name} is too wide by`);
    });
}

// What stands beside each other does so in a line, and names are not broken where there is room.
async function tidy(page) {
    const name = 'directory.of.a.partner.example.com';
    const real = await json('v1/recipients/nemo@example.org?explain=1');
    const state = await json('v1/status');
    await page.route(/recipients\/tidy/, (route) =>
        route.fulfill({ json: { ...real, directories: [{ name, result: 'answered', duration_ms: 1 }] } }),
    );
    await page.route(/v1\/status$/, (route) =>
        route.fulfill({ json: { ...state, directories: state.directories.map((one) => ({ ...one, name })) } }),
    );
    const box = (selector) => page.locator(selector).first().boundingBox();
    await open(page, '#tidy@example.org');
    await settle(page);
    assert.equal((await box('#look-up-form button')).height, (await box('#address')).height);
    assert.ok((await box('.facts dt bdi')).height < 30, 'a directory is broken into lines');
    await page.setViewportSize(PHONE);
    await open(page, '#/status');
    await page.waitForSelector('.tiles');
    const [sign, words] = [await box('.series-name svg'), await box('.series-name span')];
    assert.ok(words.x > sign.x + sign.width && words.y < sign.y, 'a line and its name stand apart');
    assert.equal(await wide(page), 0);
}

// What no directory of ours has: many certificates, names from right to left, names without an end.
async function odd(page) {
    const real = await json('v1/recipients/sybil@example.org?explain=1');
    const names = [
        'CN=محمد عبد الله,O=شركة',
        `CN=${'a long name '.repeat(20)},OU=${'Unit'.repeat(60)}`,
        'CN=\\C3\\A9a\\, b\\+c,O=x',
    ];
    const made = Array.from({ length: 12 }, (_, i) => ({
        ...real.certificates[0],
        subject: names[i] || `CN=Number ${i + 1}`,
        addresses: Array.from({ length: i === 1 ? 200 : 1 }, (_, j) => `number.${j}@example.org`),
        explanation: undefined,
    }));
    await page.route(/recipients\/odd/, (route) =>
        route.fulfill({
            json: { ...real, certificates: made, partial: true, stale: true, display: 'odd@bücher.example' },
        }),
    );
    await open(page, '#odd@example.org');
    await settle(page);
    assert.equal(await title(page), '12 certificates to encrypt to');
    assert.deepEqual(await texts(page, '.verdict .badge'), [
        'partial: a directory is missing',
        'stale: past its life',
    ]);
    const titles = await texts(page, '.card h3');
    assert.deepEqual([titles.length, titles[0], titles[2]], [14, 'محمد عبد الله', 'éa, b+c']);
    assert.equal(await page.locator('.card .body:visible').count(), 1);
    await page.evaluate(() =>
        document.querySelectorAll('.toggle[aria-expanded=false]').forEach((one) => one.click()),
    );
    assert.equal(await page.locator('.card').nth(1).locator('summary', { hasText: 'and 195 others' }).count(), 1);
    assert.equal(await wide(page), 0);
}

// What the policy forbids, it does forbid.
async function policy(page) {
    await open(page, '');
    const attempts = {
        markup: () => {
            document.body.innerHTML = '<b>';
        },
        script: () => {
            document.createElement('script').text = 'window.pwned = 1';
        },
        style: () => {
            document.body.setAttribute('style', 'color: red');
        },
        elsewhere: () => {
            fetch('http://127.0.0.1:9/').catch(() => {});
        },
        picture: () => {
            new Image().src = 'http://127.0.0.1:9/';
        },
    };
    for (const [name, attempt] of Object.entries(attempts)) {
        await page.evaluate(() => {
            window.seen = new Promise((resolve) => {
                document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), {
                    once: true,
                });
                setTimeout(() => resolve('nothing'), 2000);
            });
        });
        await page.evaluate(attempt).catch(() => {});
        const want = {
            markup: 'require-trusted-types-for',
            script: 'require-trusted-types-for',
            style: 'style-src-attr',
            elsewhere: 'connect-src',
            picture: 'img-src',
        }[name];
        assert.equal(await page.evaluate(() => window.seen), want, name);
    }
}

module.exports = { batch, lists, tokens, mixed, status, latency, keyboard, accessible, tidy, odd, policy };
