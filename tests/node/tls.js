// Asks over TLS without a pause, until its standard input ends: half of the clients by a connection each, half by a new
// one for each question. Then says how many answers were right, what went wrong, and which certificates it was shown.
//
//     node tls.js URL CA-FILE CERTIFICATE-FILE KEY-FILE CLIENTS
'use strict';
const fs = require('fs');
const https = require('https');

const [url, ...rest] = process.argv.slice(2);
const [ca, cert, key] = rest.slice(0, 3).map((file) => fs.readFileSync(file));
const clients = Number(rest[3]);
const serials = new Map();
let answers = 0, ends = false;
const failures = [];

// The certificate of this request's connection is counted when the connection is new.
function ask(agent) {
    return new Promise((resolve) => {
        const request = https.get(url, { agent, ca, cert, key, servername: 'localhost' }, (response) => {
            let size = 0;
            response.on('data', (piece) => { size += piece.length; });
            response.on('end', () => {
                if (response.statusCode === 200 && size > 0) {
                    answers++;
                } else {
                    failures.push(`status ${response.statusCode}`);
                }
                resolve();
            });
        });
        request.on('socket', (socket) => {
            socket.once('secureConnect', () => {
                const { serialNumber } = socket.getPeerCertificate();
                serials.set(serialNumber, (serials.get(serialNumber) || 0) + 1);
            });
        });
        request.on('error', (error) => {
            failures.push(error.message);
            resolve();
        });
    });
}

async function client(keepAlive) {
    const agent = new https.Agent({ keepAlive, maxSockets: 1, maxCachedSessions: 0 });
    while (!ends) {
        await ask(agent);
    }
    agent.destroy();
}

process.stdin.on('data', () => {}).on('end', () => { ends = true; });

Promise.all(Array.from({ length: clients }, (_, i) => client(i % 2 === 0))).then(() => {
    console.log(`answers ${answers}`);
    console.log(`failed ${failures.length}`);
    for (const failure of failures.slice(0, 5)) {
        console.log(`failure ${failure}`);
    }
    for (const [serial, count] of serials) {
        console.log(`serial ${serial} ${count}`);
    }
});
