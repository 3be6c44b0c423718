// Holds docs/openapi.json against the daemon that it describes:
//
//     node openapi.js FILE URL TOKEN
//
// The document must be OpenAPI 3.1. Each response example that has a name is asked for, with the parameters and the body
// that have an example of that name: status and media type must be those under which it stands, and a body of JSON must
// fit its schema, in which no member may be that the schema does not name. What an example shows must be what comes, times,
// counts and names of refusals aside. The token goes along, unless the name begins with "without-token". Prints how many examples ran; each that fails is a line on standard error, and ends it with 1.
'use strict';
const fs = require('fs');
const { createRequire } = require('module');
const { pathToFileURL } = require('url');
const Ajv = require('ajv/dist/2020');
const formats = require('ajv-formats');

const [file, url, token] = process.argv.slice(2);
const document = JSON.parse(fs.readFileSync(file, 'utf8'));
const faults = [];
let runs = 0;

// Schemas of objects that take no other members than they name.
function close(schema) {
    if (Array.isArray(schema)) {
        return schema.map(close);
    }
    if (schema === null || typeof schema !== 'object') {
        return schema;
    }
    const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]));
    return closed.properties && closed.additionalProperties === undefined
        ? { ...closed, additionalProperties: false } : closed;
}

const ajv = formats(new Ajv({ strict: false, allErrors: true }));
ajv.addSchema({ $id: 'document', components: close(document.components) });

function fits(schema, value, where) {
    const pointed = JSON.parse(JSON.stringify(close(schema)).replaceAll('"#/components/', '"document#/components/'));
    const validate = ajv.compile(pointed);
    if (!validate(value)) {
        faults.push(`${where}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`);
    }
}

const isTime = (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);

// Whether `got` is what the example shows.
function same(shown, got) {
    if (shown !== null && typeof shown === 'object') {
        return got !== null && typeof got === 'object' && Array.isArray(shown) === Array.isArray(got) &&
            Object.keys(shown).length === Object.keys(got).length &&
            Object.keys(shown).every((key) => key === 'dropped' || key === 'instance' || same(shown[key], got[key]));
    }
    return shown === got || (isTime(shown) && isTime(got));
}

function valueOf(parameter, name) {
    return parameter.examples && parameter.examples[name] ? parameter.examples[name].value : undefined;
}

// Whether the example is of a body that does not fit its schema.
const isRefusedBody = (status) => status === '400';

async function run(path, method, operation, name, status, type, media) {
    const parameters = [...(document.paths[path].parameters || []), ...(operation.parameters || [])];
    const where = `${method} ${path} "${name}"`;
    const query = new URLSearchParams();
    const headers = name.startsWith('without-token') ? {} : { authorization: `Bearer ${token}` };
    let target = path;
    let body;
    for (const parameter of parameters) {
        const value = valueOf(parameter, name);
        if (value !== undefined) {
            fits(parameter.schema, value, `${where}, parameter ${parameter.name}`);
        }
        if (parameter.in === 'path') {
            target = target.replace(`{${parameter.name}}`, encodeURIComponent(value));
        } else if (value !== undefined) {
            query.set(parameter.name, value);
        }
    }
    if (operation.requestBody) {
        const [bodyType, content] = Object.entries(operation.requestBody.content)[0];
        headers['content-type'] = bodyType;
        body = JSON.stringify(content.examples[name].value);
        if (!isRefusedBody(status)) {
            fits(content.schema, content.examples[name].value, `${where}, body`);
        }
    }
    const response = await fetch(url + target + (query.toString() === '' ? '' : `?${query}`),
        { method: method.toUpperCase(), headers, body });
    const text = await response.text();
    const got = `${response.status} ${response.headers.get('content-type')}`;
    runs++;
    if (got !== `${status} ${type}`) {
        faults.push(`${where}: wanted ${status} ${type}, got ${got}: ${text.slice(0, 200)}`);
        return;
    }
    const value = /[/+]json$/.test(type) ? JSON.parse(text) : text;
    fits(media.schema, value, where);
    const shown = media.examples[name].value;
    if (shown !== undefined) {
        fits(media.schema, shown, `${where}, as shown`);
        if (!same(shown, value)) {
            faults.push(`${where}: shown is ${JSON.stringify(shown)}, and ${text} came`);
        }
    }
}

async function main() {
    const resolve = createRequire(process.env.NODE_PATH + '/').resolve;
    const { Validator } = await import(pathToFileURL(resolve('@seriousme/openapi-schema-validator')));
    const result = await new Validator().validate(document);
    if (!result.valid) {
        faults.push(`not OpenAPI: ${JSON.stringify(result.errors)}`);
    }
    for (const [path, item] of Object.entries(document.paths)) {
        for (const [method, operation] of Object.entries(item).filter(([key]) => key !== 'parameters')) {
            for (const [status, response] of Object.entries(operation.responses)) {
                for (const [type, media] of Object.entries(response.content || {})) {
                    for (const name of Object.keys(media.examples || {})) {
                        await run(path, method, operation, name, status, type, media);
                    }
                }
            }
        }
    }
    console.log(runs);
    faults.forEach((fault) => console.error(fault));
    process.exitCode = faults.length > 0 ? 1 : 0;
}

main();
