#include "render/batch.h"

#include <stdlib.h>

#include "base/text.h"
#include "render/json_scan.h"

/*
 * A batch of a hundred is answered from memory in little more than it takes to
 * send the answer, and a tree of JSON would be a third of that. So the body is
 * first read for what it nearly always is, strings without escapes, in one pass
 * and without a copy. Whatever else it may be, jansson has the say.
 */

struct cursor {
    const uint8_t *at, *end;
    uint8_t seen; /* all octets of strings, or-ed: above 0x7f there is UTF-8 to check */
};

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || *cursor->at == '\n' || *cursor->at == '\r' || *cursor->at == '\t')) {
        cursor->at++;
    }
}

/* Whether this character comes next, white space before it passed over. */
static bool skip(struct cursor *cursor, uint8_t c)
{
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != c) {
        return false;
    }
    cursor->at++;
    return true;
}

/* A string that stands for itself. False also for one with an escape, or with what must not be in a string. */
static bool read_string(struct cursor *cursor, struct bytes *string)
{
    if (!skip(cursor, '"')) {
        return false;
    }
    const uint8_t *start = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != '"' && *cursor->at != '\\' && *cursor->at >= 0x20) {
        cursor->seen |= *cursor->at++;
    }
    *string = bytes_of(start, (size_t)(cursor->at - start));
    return cursor->at < cursor->end && *cursor->at++ == '"';
}

static bool read_strings(struct cursor *cursor, size_t most, struct recipient_list *list)
{
    if (skip(cursor, ']')) {
        return true;
    }
    do {
        if (list->count == most || !read_string(cursor, &list->texts[list->count])) {
            return false;
        }
        list->count++;
    } while (skip(cursor, ','));
    return skip(cursor, ']');
}

/* False: it is not so plain, or holds more than `most`; nothing is said of it. */
static bool read_plain(struct bytes json, size_t most, struct recipient_list *list)
{
    struct cursor cursor = {.at = json.data, .end = json.data + json.size};
    struct bytes key;

    if (!skip(&cursor, '{') || !read_string(&cursor, &key) || !bytes_equal(key, bytes_of_string("recipients")) ||
        !skip(&cursor, ':') || !skip(&cursor, '[') || !read_strings(&cursor, most, list) || !skip(&cursor, '}')) {
        return false;
    }
    skip_space(&cursor);
    return cursor.at == cursor.end && (cursor.seen < 0x80 || text_is_utf8(json));
}

/* The strings go behind the array. What jansson made of the text is never larger than that. */
static enum recipients_fault read_array(const json_t *array, struct recipient_list *list, struct error *error)
{
    uint8_t *to = (uint8_t *)(list->texts + json_array_size(array));

    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        size_t size = json_string_length(item);

        if (!json_is_string(item)) {
            error_set(error, "recipients: number %zu is not a string", i + 1);
            return RECIPIENTS_BAD;
        }
        memcpy(to, json_string_value(item), size);
        list->texts[list->count++] = bytes_of(to, size);
        to += size;
    }
    return RECIPIENTS_OK;
}

static enum recipients_fault read_tree(const json_t *root, size_t max_bytes, size_t most, struct recipient_list *list,
                                       struct error *error)
{
    const json_t *array = json_object_get(root, "recipients");
    size_t count = json_array_size(array);

    if (!json_is_array(array) || json_object_size(root) != 1) {
        error_set(error, "not {\"recipients\": [ADDRESS, ...]} alone");
        return RECIPIENTS_BAD;
    }
    if (count > most) {
        error_set(error, "recipients: %zu, and one request may name %zu (http.batch)", count, most);
        return RECIPIENTS_TOO_MANY;
    }
    struct bytes *longer = realloc(list->texts, count * sizeof(*list->texts) + max_bytes);
    if (longer == NULL) {
        return RECIPIENTS_NO_MEMORY;
    }
    list->texts = longer;
    return read_array(array, list, error);
}

enum recipients_fault render_read_recipients(struct bytes json, size_t most, struct recipient_list *list,
                                             struct error *error)
{
    size_t fit = json.size / strlen("\"\",") + 1;

    *list = (struct recipient_list){.texts = calloc(fit < most ? fit : most, sizeof(*list->texts))};
    if (list->texts == NULL) {
        return RECIPIENTS_NO_MEMORY;
    }
    if (read_plain(json, most, list)) {
        return RECIPIENTS_OK;
    }
    list->count = 0;
    json_t *root = json_scan_load_with_nul(json, error);
    if (root == NULL) {
        return RECIPIENTS_BAD;
    }
    enum recipients_fault fault = read_tree(root, json.size, most, list, error);
    json_decref(root);
    return fault;
}

void recipient_list_free(struct recipient_list *list)
{
    free(list->texts);
    *list = (struct recipient_list){0};
}
