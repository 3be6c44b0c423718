/* Bodies of POST: a batch is read as jansson reads it, whatever shorter way was taken, and what is said of whoever it
 * names is JSON again; a purge is refused, or is what it says. */
#include <jansson.h>
#include <stdlib.h>

#include "render/batch.h"
#include "render/purge.h"

#define MOST 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_same(const struct recipient_list *list, struct bytes body)
{
    json_t *root = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *array = json_object_get(root, "recipients");

    must(json_is_array(array) && json_array_size(array) == list->count && json_object_size(root) == 1);
    for (size_t i = 0; i < list->count; i++) {
        const json_t *item = json_array_get(array, i);
        must(json_is_string(item));
        must(bytes_equal(list->texts[i], bytes_of(json_string_value(item), json_string_length(item))));
    }
    json_decref(root);
}

/* What is refused is no array of so many strings, alone in its object. */
static void check_refused(enum recipients_fault fault, struct bytes body)
{
    json_t *root = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *array = json_object_get(root, "recipients");
    bool strings = json_is_array(array) && json_object_size(root) == 1;

    for (size_t i = 0; strings && i < json_array_size(array); i++) {
        strings = json_is_string(json_array_get(array, i));
    }
    must(!strings || (fault == RECIPIENTS_TOO_MANY && json_array_size(array) > MOST));
    json_decref(root);
}

static void check_told(struct bytes sent)
{
    struct buffer out;
    struct address address;
    enum address_fault fault = address_parse(sent, &address);

    buffer_init(&out, 1 << 20);
    if (fault == ADDRESS_OK) {
        render_recipient_untold(sent, REASON_OVERLOADED, 1, &out);
    } else {
        render_recipient_invalid(sent, address_fault_text(fault), &out);
    }
    json_t *root = json_loadb((const char *)out.data, out.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *echo = json_object_get(root, "address");
    must(bytes_equal(sent, bytes_of(json_string_value(echo), json_string_length(echo))));
    json_decref(root);
    buffer_free(&out);
}

static void check_purge(struct bytes body)
{
    struct drop drop, again;
    struct error error;
    struct buffer out;

    if (render_read_purge(body, &drop, &error) != 0) {
        must(error.text[0] != '\0');
        return;
    }
    buffer_init(&out, MAX_PURGE_BODY_BYTES);
    must(render_purge(&drop, &out) == 0 && render_read_purge(buffer_bytes(&out), &again, &error) == 0);
    must(drop.what == again.what && strcmp(drop_text(&drop), drop_text(&again)) == 0);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = {data, size};
    struct recipient_list list;
    struct error error;
    int64_t dropped;

    enum recipients_fault fault = render_read_recipients(body, MOST, &list, &error);
    if (fault == RECIPIENTS_OK) {
        check_same(&list, body);
        for (size_t i = 0; i < list.count; i++) {
            check_told(list.texts[i]);
        }
    } else {
        must(fault != RECIPIENTS_NO_MEMORY);
        check_refused(fault, body);
    }
    recipient_list_free(&list);
    check_purge(body);
    render_read_purged(body, &dropped, &error);
    return 0;
}
