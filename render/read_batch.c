#include "render/batch.h"

#include <stdlib.h>

#include "render/json_scan.h"

/* The strings, and the array of where each of them is, in one block. What jansson made of the text is never larger. */
static enum recipients_fault copy_strings(const json_t *array, size_t max_bytes, struct recipient_list *list,
                                          struct error *error)
{
    size_t count = json_array_size(array);
    uint8_t *to;

    list->texts = malloc(count * sizeof(*list->texts) + max_bytes);
    if (list->texts == NULL) {
        return RECIPIENTS_NO_MEMORY;
    }
    to = (uint8_t *)(list->texts + count);
    for (size_t i = 0; i < count; i++) {
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

static enum recipients_fault read_root(const json_t *root, size_t max_bytes, size_t most, struct recipient_list *list,
                                       struct error *error)
{
    const json_t *array = json_object_get(root, "recipients");
    size_t count = json_array_size(array);

    if (!json_is_array(array) || json_object_size(root) != 1) {
        error_set(error, "not {\"recipients\": [ADDRESS, ...]} alone");
        return RECIPIENTS_BAD;
    }
    if (count > most) {
        error_set(error, "recipients: %zu are more than the %zu that one request may name (http.batch)", count, most);
        return RECIPIENTS_TOO_MANY;
    }
    return copy_strings(array, max_bytes, list, error);
}

enum recipients_fault render_read_recipients(struct bytes json, size_t most, struct recipient_list *list,
                                             struct error *error)
{
    *list = (struct recipient_list){0};
    json_t *root = json_scan_load(json, error);
    if (root == NULL) {
        return RECIPIENTS_BAD;
    }
    enum recipients_fault fault = read_root(root, json.size, most, list, error);
    json_decref(root);
    return fault;
}

void recipient_list_free(struct recipient_list *list)
{
    free(list->texts);
    *list = (struct recipient_list){0};
}
