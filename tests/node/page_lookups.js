// Scenes of page.js: one address.
'use strict';
const assert = require('assert/strict');
const fs = require('fs');
const path = require('path');
const { folder, json, texts, visible, title, settle, hold, lookUp, open, save, fileOf, token, url } = require('./stage');

async function found(page) {
    await open(page, '');
    await lookUp(page, ' sybil@example.org ');
    assert.equal(await title(page), 'One certificate to encrypt to');
    assert.equal(new URL(page.url()).hash, '#sybil@example.org');
    assert.equal(await page.title(), 'sybil@example.org – certlookup');
    assert.equal(
        await page.textContent('#look-up-said'),
        'sybil@example.org: One certificate to encrypt to, 2 refused. ',
    );
    assert.deepEqual(await texts(page, '.card .reason'), [
        'The certificate was revoked.',
        'The certificate is expired.',
    ]);

    const best = page.locator('#look-up-result .card').first();
    assert.deepEqual(await best.locator('.badge').allTextContents(), ['usable', 'EC P-256', 'not revoked']);
    assert.deepEqual(await best.locator('.chain .who bdi').allTextContents(), [
        'Example Root CA',
        'Example Issuing CA',
        'Sybil Stone',
    ]);
    assert.match(
        (await best.locator('.chain .where').allTextContents()).join(),
        /^(Example, XXuntil \d+ \w+ 20\d\d,?){3}$/,
    );
    const evidence = await best.locator('.evidence').allTextContents();
    assert.equal(evidence.length, 2);
    evidence.forEach((text) => assert.match(text, /^CRL no\. \d+: not revoked, of .* until .*\.crl$/));
    assert.match(
        await best.locator('.timeline').getAttribute('aria-label'),
        /^Time line\. Certificate: .* – .*, \d months left\. Revocation list: .*Today is /,
    );
    assert.match(await best.locator('.facts').first().textContent(), /emailProtection|email protection/);
}

async function history(page) {
    await open(page, '#alice@example.org');
    await settle(page);
    await lookUp(page, 'mallory@example.org');
    await page.click('nav >> text=Many');
    await page.waitForSelector('#many:visible');
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
    assert.equal(
        await page.locator('.verdict .for').textContent(),
        'for lena@bücher.example (lena@xn--bcher-kva.example)',
    );
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
    assert.match(await page.textContent('.verdict'), /A message cannot be encrypted to this address/);
    await lookUp(page, fileOf('garbage').toString().trim());
    assert.deepEqual(await texts(page, '.card h3'), ['A value that is no certificate']);
}

// The directory is down; when that has been seen, the file `seen` tells so, and it comes back.
async function unknown(page) {
    await open(page, '#alice.unseen@example.org');
    await settle(page);
    assert.equal(await title(page), 'It cannot be told just now');
    assert.match(
        await page.textContent('.verdict'),
        /does not mean that there is none.*The gateway says: in \d+ second/s,
    );
    await page.click('nav >> text=Status');
    await page.waitForSelector('.directory .badge >> text=down');
    await page.goBack();
    await settle(page);
    fs.writeFileSync(path.join(folder, 'seen'), '');
    await page.waitForFunction(
        () => {
            const again = [...document.querySelectorAll('.verdict.unknown button')].find(
                (button) => button.textContent === 'Ask again',
            );
            if (again !== undefined) {
                again.click();
            }
            return document.querySelector('.verdict.bad') !== null;
        },
        null,
        { polling: 500, timeout: 30000 },
    );
    assert.equal(await title(page), 'No certificate to encrypt to');
}

async function downloads(page) {
    await open(page, '#grace@example.org');
    await settle(page);
    const cards = page.locator('#look-up-result .card');
    for (const [suffix, name] of [
        ['.cer', 'der'],
        ['.pem', 'pem'],
        ['.p7c', 'p7c'],
        ['.vcf', 'vcard'],
    ]) {
        const link = cards.nth(0).locator('a.file', { hasText: suffix });
        assert.equal(await link.getAttribute('href'), `v1/recipients/grace%40example.org/certificate?format=${name}`);
        assert.match(await save(page, link, name), /^grace@example\.org\.\w+$/);
    }
    for (const suffix of ['.cer', '.pem']) {
        const button = cards.nth(1).locator('.file', { hasText: suffix });
        assert.equal(await save(page, button, `second${suffix}`), `grace@example.org-2${suffix}`);
    }
    const second = (await json('v1/recipients/grace@example.org')).certificates[1];
    assert.equal(fileOf('second.cer').toString('base64'), second.certificate);
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
    assert.deepEqual(await page.evaluate(() => [window.pwned, document.scripts.length, document.images.length]), [
        undefined,
        1,
        1,
    ]);
}

// What a gateway, or what stands before it, may answer in place of an answer.
async function refused(page) {
    const problem = (status, detail) => ({
        status,
        contentType: 'application/problem+json',
        body: JSON.stringify({ status, detail }),
    });
    const answers = [
        [
            { ...problem(429, 'too many'), headers: { 'retry-after': '7' } },
            'You have asked for too many',
            /Too many\..*in 7 seconds/,
        ],
        [problem(503, 'too many wait'), 'The gateway cannot tell just now', /Too many wait\..*Ask again/],
        [problem(403, 'not yours'), 'This is not for you', /Not yours\..*Enter a token/],
        [
            { status: 502, contentType: 'text/html', body: '<h1>Bad Gateway' },
            'The gateway is in trouble',
            /502.*Ask again/,
        ],
        [{ status: 200, contentType: 'application/json', body: '{"outco' }, 'The answer cannot be read', /200/],
        [null, 'The gateway cannot be reached', /No answer came.*Ask again/],
    ];
    await open(page, '');
    for (const [i, [answer, wanted, words]] of answers.entries()) {
        const address = `refused.${i}@example.org`;
        await page.route(new RegExp(`refused\\.${i}`), (route) =>
            answer === null ? route.abort() : route.fulfill(answer),
        );
        await lookUp(page, address);
        assert.equal(await title(page), wanted);
        assert.match(await page.textContent('.verdict'), words);
        assert.match(await page.textContent('#look-up-said'), new RegExp(`^${wanted}\\. `));
    }
}

// Whatever the field says, the verdict of another address is not there. The page's clock stands still, so that what it
// does not wait for is told from what it does.
async function another(page) {
    const real = await json('v1/recipients/bob@example.org?explain=1');
    const slow = await hold(page, /recipients\/(bob|carol)%40/, () => ({ json: real }));
    await page.clock.install();
    await open(page, '#alice@example.org');
    await settle(page);
    await page.clock.pauseAt(Date.now() + 3600e3);

    await page.fill('#address', 'bob@example.org');
    assert.deepEqual(await visible(page, '.verdict, .card'), []);
    assert.match(await page.textContent('#look-up-said'), /^Set aside: the answer for alice@example\.org\./);
    await page.fill('#address', 'alice@example.org ');
    assert.equal((await visible(page, '.verdict')).length, 1);
    assert.match(await page.textContent('#look-up-said'), /^alice@example\.org: One certificate/);

    await page.fill('#address', 'bob@example.org');
    await page.press('#address', 'Enter');
    await slow.asked();
    assert.equal(await page.locator('.verdict, .card').count(), 0);
    assert.equal(await page.textContent('#look-up-said'), '');
    await page.clock.runFor(149);
    assert.equal(await page.textContent('#look-up-said'), '');
    await page.clock.runFor(1);
    assert.equal(await page.textContent('#look-up-said'), 'Asking for bob@example.org …');
    await page.fill('#address', 'carol@example.org');
    slow.release();
    await settle(page);
    assert.deepEqual(await visible(page, '.verdict, .card'), []);
    assert.match(await page.textContent('#look-up-said'), /^Set aside: the answer for bob@example\.org\./);

    await page.press('#address', 'Enter');
    await slow.asked();
    await lookUp(page, 'nemo@example.org');
    slow.release();
    await page.clock.runFor(1000);
    assert.equal(await title(page), 'No certificate to encrypt to');
    assert.match(await page.textContent('#look-up-said'), /^nemo@example\.org: No certificate/);
}

// Of the same address it stays until there is news, and who pressed the button keeps it.
async function again(page) {
    let turn = 0;
    const answer = () => ({
        status: 503,
        json: { address: 'ann@example.org', outcome: 'unknown', certificates: [], reason_text: `turn ${++turn}` },
    });
    const slow = await hold(page, /recipients\/Ann%40/, answer);
    await open(page, '#Ann@example.org');
    await slow.asked();
    slow.release();
    await settle(page);
    await page.focus('button >> text=Ask again');
    await page.keyboard.press('Enter');
    await slow.asked();
    assert.deepEqual(await visible(page, '.verdict .reason'), ['Turn 1.']);
    assert.equal(await page.getAttribute('#look-up-result', 'aria-busy'), 'true');
    slow.release();
    await settle(page);
    assert.deepEqual(await visible(page, '.verdict .reason'), ['Turn 2.']);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Ask again');
}

// Behind a proxy that speaks for others, below a path: first without a token, then with one.
async function prefix(page, proxied) {
    await open(page, '#sybil@example.org', proxied);
    await settle(page);
    assert.equal(await page.locator('#look-up-result .card').count(), 1);
    assert.match(await page.textContent('#look-up-result > .notice'), /token for explain/);
    assert.deepEqual(await texts(page, '.card .chain .who bdi'), [
        'Example Root CA',
        'Example Issuing CA',
        'Sybil Stone',
    ]);
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
    await page.waitForFunction(() =>
        /none of this gateway/.test(document.getElementById('status-result').textContent),
    );
    await page.click('text=Enter another token');
    await enter(token);
    await page.waitForSelector('.tiles');
    await page.click('nav >> text=Look up');
    await lookUp(page, 'sybil@example.org');
    assert.equal(await page.locator('#look-up-result .card').count(), 3);
    await save(page, page.locator('a.file', { hasText: '.pem' }), 'proxied.pem');
    assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, '']);
    const other = await page.context().newPage();
    await open(other, '#/status', proxied);
    await other.waitForSelector('#status-result .verdict');
    await page.fill('#address', 'bob@example.org');
    await page.click('#token-open');
    await page.click('text=Forget it');
    await settle(page);
    assert.equal(await page.inputValue('#address'), 'bob@example.org');
    assert.equal(await page.locator('#look-up-result .card').count(), 1);
}

module.exports = { found, history, none, unknown, downloads, hostile, refused, another, again, prefix };
