#include "render/json_scan.h"
#include "render/render.h"

int render_read_problem(struct bytes json, enum reason *reason, struct error *words)
{
    json_t *root = json_scan_load(json, words);
    if (root == NULL) {
        return -1;
    }
    const char *title = json_string_value(json_object_get(root, "title"));
    const char *detail = json_string_value(json_object_get(root, "detail"));
    const char *word = json_string_value(json_object_get(root, "reason"));
    int result = title != NULL ? 0 : -1;

    *reason = REASON_UNJUDGED;
    if (word != NULL) {
        reason_parse(word, reason);
    }
    if (title == NULL) {
        error_set(words, "not a problem of RFC 9457: no title");
    } else {
        error_set(words, "%s%s%s", title, detail != NULL ? ": " : "", detail != NULL ? detail : "");
    }
    json_decref(root);
    return result;
}
