// Whether docs/grafana.json is a dashboard that Grafana takes, of which every panel is seen, and asks the data source and
// the instances that were chosen:
//
//     node grafana.js FILE
'use strict';
const assert = require('assert');
const board = JSON.parse(require('fs').readFileSync(process.argv[2], 'utf8'));
assert.equal(board.uid, 'certlookup');
assert.equal(board.id, null);
assert(board.schemaVersion >= 36);
const variables = board.templating.list.map((variable) => variable.name);
assert.deepEqual(variables, ['datasource', 'job', 'instance']);
const ids = new Set(), taken = new Set();
for (const panel of board.panels) {
    assert(!ids.has(panel.id), `${panel.title}: its id is taken`);
    ids.add(panel.id);
    const { x, y, w, h } = panel.gridPos;
    assert(x + w <= 24, `${panel.title}: too wide`);
    for (let at = 0; at < w * h; at++) {
        const place = `${x + at % w},${y + Math.floor(at / w)}`;
        assert(!taken.has(place), `${panel.title}: lies over another one`);
        taken.add(place);
    }
    for (const target of panel.targets || []) {
        assert.equal(target.datasource.uid, '${datasource}', panel.title);
        assert(target.expr.includes('instance=~"$instance"'), `${panel.title}: of all instances`);
    }
}
assert(ids.size >= 30);
