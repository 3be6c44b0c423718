// Plays scenes on the page of a gateway, and holds against it what must be seen then:
//
//     node page.js URL FOLDER TOKEN SCENE…
//
// URL ends in a slash. Files that the page saves go to FOLDER. What is not so is told on standard error, and ends it with 1.
'use strict';
const assert = require('assert/strict');
const fs = require('fs');
const path = require('path');
const { openBrowser, withPage, openProxy } = require('./browser');

const PHONE = { viewport: { width: 320, height: 640 } };

const [url, folder, token, ...names] = process.argv.slice(2);
let proxy; // has the gateway below /certs/
const json = async (route) => (await fetch(url + route)).json();
const texts = (page, selector) => page.locator(selector).allTextContents();
const title = (page) => page.locator('.verdict h2').textContent();

async function lookUp(page, address) {
    await page.fill('#address', address);
    await page.press('#address', 'Enter');
    await settle(page);
}

// Until what was asked has been answered and is shown.
function settle(page) {
    return page.waitForFunction(() => document.querySelector('.view:not([hidden]) .verdict, .recipients, .tiles') !== null &&
        document.querySelector('[aria-busy]') === null);
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

const many = ['Alice Archer <alice@example.org>, "Baker, Bob" <bob@example.org>', 'mallory@example.org; dave@example.org', '',
    'nobody', 'lena@bücher.example', 'nemo@example.org'].join('\n');

async function found(page) {
    await open(page, '');
    await lookUp(page, ' sybil@example.org ');
    assert.equal(await title(page), 'One certificate to encrypt to');
    assert.equal(new URL(page.url()).hash, '#sybil@example.org');
    assert.equal(await page.title(), 'sybil@example.org – certlookup');
    assert.equal(await page.textContent('#look-up-said'), 'sybil@example.org: One certificate to encrypt to, 2 refused. ');
    assert.deepEqual(await texts(page, '.card .reason'), ['The certificate was revoked.', 'The certificate is expired.']);

    const best = page.locator('#look-up-result .card').first();
    assert.deepEqual(await best.locator('.badge').allTextContents(), ['usable', 'EC P-256', 'not revoked']);
    assert.deepEqual(await best.locator('.chain .who bdi').allTextContents(),
        ['Example Root CA', 'Example Issuing CA', 'Sybil Stone']);
    assert.match((await best.locator('.chain .where').allTextContents()).join(), /^(Example, XXuntil \d+ \w+ 20\d\d,?){3}$/);
    const evidence = await best.locator('.evidence').allTextContents();
    assert.equal(evidence.length, 2);
    evidence.forEach((text) => assert.match(text, /^CRL no\. \d+: not revoked, of .* until .*\.crl$/));
    assert.match(await best.locator('.timeline').getAttribute('aria-label'),
        /^Time line\. Certificate: .* – .*, \d months left\. Revocation list: .*Today is /);
    assert.match(await best.locator('.facts').first().textContent(), /emailProtection|email protection/);
}

async function history(page) {
    await open(page, '#alice@example.org');
    await settle(page);
    await lookUp(page, 'mallory@example.org');
    await page.click('nav >> text=Many');
    assert.equal(await page.locator('#many').isVisible(), true);
    await page.goBack();
    await settle(page);
    assert.equal(await title(page), 'No certificate to encrypt to');
    await page.goBack();
    await page.waitForSelector('.verdict.good');
    assert.equal(await page.inputValue('#address'), 'alice@example.org');
    await page.goForward();
    await page.waitForSelector('.verdict.bad');
    await open(page, '#%zz');
    await settle(page);
    assert.equal(await title(page), 'This cannot be looked up');
    assert.equal(await page.locator('.verdict .reason').textContent(), 'The address has no @.');
    await open(page, `#${encodeURIComponent('lena@bücher.example')}`);
    await settle(page);
    assert.equal(await page.locator('.verdict .for').textContent(), 'for lena@bücher.example (lena@xn--bcher-kva.example)');
}

async function none(page) {
    await open(page, '#mallory@example.org');
    await settle(page);
    assert.equal(await title(page), 'No certificate to encrypt to');
    assert.deepEqual(await texts(page, '.verdict .reason'), ['The certificate was revoked.']);
    assert.equal(await page.locator('.card .timeline').isVisible(), true);
    assert.match((await texts(page, '.evidence.bad')).join(), /^CRL no\. \d+: revoked/);
    await lookUp(page, 'nemo@example.org');
    assert.deepEqual(await texts(page, '.verdict .reason'), ['No directory has an entry with this address.']);
    assert.equal(await page.locator('#look-up-result .card').count(), 0);
    assert.match(await page.textContent('.verdict'), /Every directory answered/);
    await lookUp(page, (await fs.promises.readFile(path.join(folder, 'garbage'), 'utf8')).trim());
    assert.deepEqual(await texts(page, '.card h3'), ['A value that is no certificate']);
}

// The directory is down; when that has been seen, the file `seen` tells so, and it comes back.
async function unknown(page) {
    await open(page, '#alice.unseen@example.org');
    await settle(page);
    assert.equal(await title(page), 'It cannot be told just now');
    assert.match(await page.textContent('.verdict'), /does not mean that there is none.*The gateway says: in \d+ second/s);
    await page.click('nav >> text=Status');
    await page.waitForSelector('.directory .badge >> text=down');
    await page.goBack();
    await settle(page);
    fs.writeFileSync(path.join(folder, 'seen'), '');
    await page.waitForFunction(() => {
        const again = [...document.querySelectorAll('.verdict.unknown button')].find((button) => button.textContent === 'Ask again');
        if (again !== undefined) {
            again.click();
        }
        return document.querySelector('.verdict.bad') !== null;
    }, null, { polling: 500, timeout: 30000 });
    assert.equal(await title(page), 'No certificate to encrypt to');
}

async function downloads(page) {
    await open(page, '#grace@example.org');
    await settle(page);
    const cards = page.locator('#look-up-result .card');
    for (const [suffix, name] of [['.cer', 'der'], ['.pem', 'pem'], ['.p7c', 'p7c'], ['.vcf', 'vcard']]) {
        const link = cards.nth(0).locator('a.file', { hasText: suffix });
        assert.equal(await link.getAttribute('href'), `v1/recipients/grace%40example.org/certificate?format=${name}`);
        assert.match(await save(page, link, name), /^grace@example\.org\.\w+$/);
    }
    for (const suffix of ['.cer', '.pem']) {
        const button = cards.nth(1).locator('.file', { hasText: suffix });
        assert.equal(await save(page, button, `second${suffix}`), `grace@example.org-2${suffix}`);
    }
    const second = (await json('v1/recipients/grace@example.org')).certificates[1];
    assert.equal(fs.readFileSync(path.join(folder, 'second.cer')).toString('base64'), second.certificate);
}

async function batch(page) {
    await open(page, '#/many');
    await page.fill('#addresses', many);
    assert.equal(await page.textContent('#addresses-count'), '7 addresses');
    await page.click('text=Look up all');
    await settle(page);
    assert.deepEqual(await texts(page, '.recipient .said b'), ['ready to encrypt to', 'ready to encrypt to', 'revoked',
        'out of its time', 'not an address', 'ready to encrypt to', 'no certificate']);
    assert.equal(await page.textContent('#many-said'),
        '7 recipients: 3 ready to encrypt to, 1 no certificate, 1 out of its time, 1 revoked, 1 not an address.');
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

async function status(page) {
    const asked = [];
    page.on('request', (request) => request.url().endsWith('v1/status') && asked.push(Date.now()));
    await open(page, '#/status');
    await settle(page);
    const before = await json('v1/status');
    await fetch(`${url}v1/recipients/alice@example.org`);
    await fetch(`${url}v1/recipients/alice@example.org`);
    const memory = page.locator('.chart').first().locator('tbody tr').first();
    await page.waitForFunction((count) => {
        const cells = document.querySelectorAll('.chart tbody tr:first-child td');
        return Number(cells[2].textContent.replaceAll(',', '')) >= count && cells[0].textContent !== '0';
    }, before.lookups.memory + 1);
    assert.match(await memory.textContent(), / memory/);
    assert.match(await page.locator('.chart path.s0').first().getAttribute('d'), /^M/);
    assert.deepEqual(await texts(page, '.tile dt'),
        ['State', 'Version', 'From a cache', 'Under way', 'Redis', 'Policy', 'Fetched']);
    assert.equal(await page.locator('.tile dd .badge').first().textContent(), 'ready');
    assert.deepEqual(await texts(page, '.directory h3'), ['example']);
    assert.equal(await page.locator('.directory .badge').first().textContent(), 'up');
    assert.match(await page.textContent('#status-said'), /^Ready; no directory is down\. Running since /);
    assert.ok(asked.length >= 2 && asked[1] - asked[0] >= 1900, 'every other second');

    await page.click('nav >> text=Many');
    const until = asked.length;
    await page.waitForTimeout(2500);
    assert.equal(asked.length, until, 'nobody looks, and it is asked for all the same');
}

// Of a gateway that tells how long lookups take; the numbers are played.
async function latency(page) {
    const real = await json('v1/status');
    let seconds = 0;
    await page.route(/v1\/status$/, (route) => {
        seconds++;
        const layers = [{ layer: 'memory', counts: [100 * seconds, 0, 0], sum_us: 1 },
            { layer: 'directory', counts: [0, 98 * seconds, 2 * seconds], sum_us: 1 }];
        route.fulfill({ json: { ...real, latency: { bounds_us: [100, 1000], layers } } });
    });
    await open(page, '#/status');
    const rows = page.locator('.chart').nth(1).locator('tbody tr');
    await rows.first().locator('td >> text=50 µs').first().waitFor();
    assert.deepEqual(await rows.nth(0).locator('td').allTextContents(), ['50 µs', '99 µs', '50 µs', '99 µs']);
    assert.deepEqual(await rows.nth(1).locator('td').allTextContents(), ['559 µs', '> 1 ms', '559 µs', '> 1 ms']);
}

async function keyboard(page) {
    await open(page, '');
    await page.waitForSelector('.introduction');
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    const press = async (...keys) => { for (const key of keys) { await page.keyboard.press(key); } };
    assert.equal(await focused(), 'address');
    await page.keyboard.type('grace@example.org');
    await press('Enter');
    await settle(page);
    await press('Tab', 'Tab');
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Details of 1, Grace Green');
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
    assert.equal(await page.locator('#card-1').isVisible(), true);
    await press('Space');
    assert.equal(await page.locator('#card-1').isVisible(), false);
    await press('Tab');
    const [file] = await Promise.all([page.waitForEvent('download'), press('Enter')]);
    assert.equal(file.suggestedFilename(), 'grace@example.org.cer');

    await page.evaluate(() => document.querySelector('nav a').focus());
    await press('Tab', 'Enter');
    assert.equal(await focused(), 'many-title');
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
            document.querySelectorAll('details').forEach((more) => { more.open = true; });
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

async function accessible(page) {
    const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
    const check = async (name) => {
        if (await page.evaluate(() => typeof axe === 'undefined')) {
            await page.evaluate(axe);
        }
        const result = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
        assert.ok(result.passes.length > 10, `${name}: axe-core looked at nothing`);
        result.violations.forEach(({ id, help, nodes }) =>
            assert.fail(`${name}: ${id}: ${help}: ${nodes.map(({ html, failureSummary }) => html + failureSummary).join('\n')}`));
    };
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await eachView(page, (name) => check(`${name}, ${colorScheme}`));
    }
}

async function phone(page) {
    await eachView(page, async (name) => assert.equal(await wide(page), 0, `${name} is too wide by`));
}

async function hostile(page) {
    const name = '<script>pwned=1</script><img src=x onerror="pwned=1">';
    await open(page, '#hostile@example.org');
    await settle(page);
    assert.equal(await page.locator('.card h3').textContent(), name);
    assert.match(await page.textContent('.chain'), /<script>pwned/);
    await lookUp(page, '<img/src=x/onerror=alert(1)>@example.org');
    await open(page, '#"><img src=x onerror=alert(1)>');
    await settle(page);
    assert.equal(await page.inputValue('#address'), '"><img src=x onerror=alert(1)>');
    assert.deepEqual(await page.evaluate(() => [window.pwned, document.scripts.length, document.images.length]), [undefined, 1, 1]);
}

// What the policy forbids, it does forbid.
async function policy(page) {
    await open(page, '');
    const attempts = {
        markup: () => { document.body.innerHTML = '<b>'; },
        script: () => { document.createElement('script').text = 'window.pwned = 1'; },
        style: () => { document.body.setAttribute('style', 'color: red'); },
        elsewhere: () => { fetch('http://127.0.0.1:9/').catch(() => {}); },
        picture: () => { new Image().src = 'http://127.0.0.1:9/'; },
    };
    for (const [name, attempt] of Object.entries(attempts)) {
        await page.evaluate(() => {
            window.seen = new Promise((resolve) => {
                document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true });
                setTimeout(() => resolve('nothing'), 2000);
            });
        });
        await page.evaluate(attempt).catch(() => {});
        const want = { markup: 'require-trusted-types-for', script: 'require-trusted-types-for', style: 'style-src-attr',
            elsewhere: 'connect-src', picture: 'img-src' }[name];
        assert.equal(await page.evaluate(() => window.seen), want, name);
    }
}

// Behind a proxy that speaks for others, below a path: first without a token, then with one.
async function prefix(page, context) {
    await open(page, '#sybil@example.org', proxy.url);
    await settle(page);
    assert.equal(await page.locator('#look-up-result .card').count(), 1);
    assert.match(await page.textContent('#look-up-result > .notice'), /token for explain/);
    assert.deepEqual(await texts(page, '.card .chain .who bdi'), ['Example Root CA', 'Example Issuing CA', 'Sybil Stone']);
    await page.click('nav >> text=Status');
    await page.waitForSelector('#status-result .verdict');
    assert.equal(await page.locator('#status-result h2').textContent(), 'A token is needed');

    const enter = async (text) => {
        await page.fill('#token', text);
        await page.press('#token', 'Enter');
    };
    await page.click('text=Enter a token');
    await enter('no token');
    assert.match(await page.textContent('#token-fault'), /^This is no token/);
    await enter('bm9uZSBvZiB0aGVpcnM=');
    await page.waitForFunction(() => /none of this gateway/.test(document.getElementById('status-result').textContent));
    await page.click('text=Enter another token');
    await enter(token);
    await page.waitForSelector('.tiles');
    await page.click('nav >> text=Look up');
    await lookUp(page, 'sybil@example.org');
    assert.equal(await page.locator('#look-up-result .card').count(), 3);
    await save(page, page.locator('a.file', { hasText: '.pem' }), 'proxied.pem');
    assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, '']);
    const other = await context.newPage();
    await open(other, '#/status', proxy.url);
    await other.waitForSelector('#status-result .verdict');
    await page.click('#token-open');
    await page.click('text=Forget it');
    await settle(page);
    assert.equal(await page.locator('#look-up-result .card').count(), 1);
}

// name: [scene, options of the browser's context, whether it does what is a fault]
const scenes = { found: [found], history: [history], none: [none], unknown: [unknown], downloads: [downloads], batch: [batch],
    status: [status], latency: [latency], keyboard: [keyboard], hostile: [hostile], policy: [policy, {}, true],
    accessible: [accessible, { bypassCSP: true }], phone: [phone, PHONE], prefix: [prefix] };

async function playScene(browser, name) {
    const [play, options = {}, isForbidden = false] = scenes[name];
    const faults = await withPage(browser, play === prefix ? proxy.url : url, options, play);
    assert.equal(faults.length > 0, isForbidden, `faults: ${faults.join('\n')}`);
}

async function main() {
    const browser = await openBrowser();
    proxy = await openProxy(url, '/certs/');
    for (const name of names) {
        await playScene(browser, name).catch((error) => {
            console.error(`${name}: ${error.stack || error}`);
            process.exitCode = 1;
        });
    }
    proxy.close();
    await browser.close();
}

main();
