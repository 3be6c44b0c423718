#include "render/json_scan.h"

/* Only outside of strings; what is not JSON at all is left for jansson to refuse. */
static int check_bounds(struct bytes json, struct error *error)
{
    size_t depth = 0, parts = 0;
    bool quoted = false;

    for (size_t i = 0; i < json.size; i++) {
        uint8_t c = json.data[i];
        if (quoted) {
            i += c == '\\' ? 1 : 0;
            quoted = c != '"';
            continue;
        }
        quoted = c == '"';
        parts += c == ',' || c == '[' || c == '{' ? 1 : 0;
        depth += c == '[' || c == '{' ? 1 : 0;
        depth -= (c == ']' || c == '}') && depth > 0 ? 1 : 0;
        if (depth > MAX_JSON_DEPTH) {
            return error_set(error, "JSON nested deeper than %d", MAX_JSON_DEPTH);
        }
        if (parts > MAX_JSON_PARTS) {
            return error_set(error, "JSON of more than %d parts", MAX_JSON_PARTS);
        }
    }
    return 0;
}

static json_t *load(struct bytes json, size_t flags, struct error *error)
{
    json_error_t fault;

    if (json.size == 0) {
        error_set(error, "the body is empty");
        return NULL;
    }
    if (json.size > MAX_JSON_BYTES) {
        error_set(error, "JSON larger than %d bytes", MAX_JSON_BYTES);
        return NULL;
    }
    if (check_bounds(json, error) != 0) {
        return NULL;
    }
    json_t *root = json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES | flags, &fault);
    if (root == NULL) {
        error_set(error, "not JSON: line %d: %s", fault.line, fault.text);
    } else if (!json_is_object(root)) {
        error_set(error, "not a JSON object");
        json_decref(root);
        root = NULL;
    }
    return root;
}

json_t *json_scan_load(struct bytes json, struct error *error)
{
    return load(json, 0, error);
}

json_t *json_scan_load_with_nul(struct bytes json, struct error *error)
{
    return load(json, JSON_ALLOW_NUL, error);
}
