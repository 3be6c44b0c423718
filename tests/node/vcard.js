// Reads a vCard from standard input as Thunderbird's parser does, and prints one property a line: its name, its type and
// its value, with tabs between; of a list, one part after the other.
'use strict';
const ical = require('ical.js');
const text = require('fs').readFileSync(0, 'utf8');
const card = ical.parse(text);
if (card[0] !== 'vcard' || card[2].length !== 0) {
    throw new Error('not one card: ' + JSON.stringify(card));
}
for (const [name, parameters, type, ...values] of card[1]) {
    process.stdout.write([name, parameters.type || parameters.encoding || '', type, ...values.flat()].join('\t') + '\n');
}
