#include "base/ldif.h"

#include <strings.h>

#include "base/digest.h"
#include "base/text.h"

struct reader {
    struct bytes rest;
    size_t line_number;      /* of the line that comes next */
    size_t starts_at;        /* of the logical line at hand */
    struct buffer line;      /* it, put together */
    struct buffer value;     /* of base64 */
    struct buffer dn;
    enum { BETWEEN, IN_ENTRY, IN_RESULT } place;
    size_t entries;
};

/* One line of the file without its end, CRLF or LF. False: there are no more. */
static bool next_physical(struct reader *reader, struct bytes *line)
{
    const uint8_t *end;
    size_t size;

    if (reader->rest.size == 0) {
        return false;
    }
    end = memchr(reader->rest.data, '\n', reader->rest.size);
    size = end != NULL ? (size_t)(end - reader->rest.data) : reader->rest.size;
    *line = bytes_of(reader->rest.data, size);
    if (size > 0 && line->data[size - 1] == '\r') {
        line->size--;
    }
    size += end != NULL;
    reader->rest = bytes_of(reader->rest.data + size, reader->rest.size - size);
    reader->line_number++;
    return true;
}

/* A logical line: what begins with a space goes on with the one before (RFC 2849 note 2). False: no more, or the line's
 * buffer failed. */
static bool next_line(struct reader *reader)
{
    struct bytes line;

    reader->starts_at = reader->line_number;
    if (!next_physical(reader, &line)) {
        return false;
    }
    buffer_clear(&reader->line);
    buffer_append_bytes(&reader->line, line);
    while (line.size > 0 && reader->rest.size > 0 && reader->rest.data[0] == ' ') {
        struct bytes more;
        next_physical(reader, &more);
        buffer_append(&reader->line, more.data + 1, more.size - 1);
    }
    return !reader->line.failed;
}

static int fault(const struct reader *reader, struct error *error, const char *what)
{
    return error_set(error, "line %zu: %s", reader->starts_at, what);
}

static struct bytes skip_blanks(struct bytes text)
{
    while (text.size > 0 && text.data[0] == ' ') {
        text = bytes_of(text.data + 1, text.size - 1);
    }
    return text;
}

/* "attribute: text", "attribute:: base64". */
static int part_line(struct reader *reader, struct bytes *attribute, struct bytes *value, struct error *error)
{
    struct bytes line = buffer_bytes(&reader->line);
    const uint8_t *colon = memchr(line.data, ':', line.size);
    size_t size = colon != NULL ? (size_t)(colon - line.data) : 0;
    bool is_base64;

    if (size == 0) {
        return fault(reader, error, "neither \"attribute: value\" nor a comment (RFC 2849)");
    }
    *attribute = bytes_of(line.data, size);
    *value = bytes_of(line.data + size + 1, line.size - size - 1);
    if (value->size > 0 && value->data[0] == '<') {
        return fault(reader, error, "a value by URL, which is not read");
    }
    is_base64 = value->size > 0 && value->data[0] == ':';
    *value = skip_blanks(bytes_of(value->data + is_base64, value->size - is_base64));
    if (is_base64) {
        buffer_clear(&reader->value);
        if (digest_decode_base64(*value, &reader->value, false) != 0) {
            return fault(reader, error, reader->value.failed ? "out of memory" : "not base64 (RFC 4648 4)");
        }
        *value = buffer_bytes(&reader->value);
    }
    return 0;
}

static int begin_entry(struct reader *reader, struct bytes attribute, struct bytes value, struct error *error)
{
    if (ldif_names(attribute, "version") && reader->entries == 0) {
        return 0;
    }
    if (ldif_names(attribute, "search")) {
        reader->place = IN_RESULT;
        return 0;
    }
    if (!ldif_names(attribute, "dn")) {
        return fault(reader, error, "an entry begins with \"dn:\" (RFC 2849)");
    }
    if (!text_is_utf8_string(value)) {
        return fault(reader, error, "a DN that is not UTF-8 (RFC 4514)");
    }
    buffer_clear(&reader->dn);
    buffer_append_bytes(&reader->dn, value);
    reader->place = IN_ENTRY;
    reader->entries++;
    return reader->dn.failed ? fault(reader, error, "out of memory") : 0;
}

static int take_line(struct reader *reader,
                     int (*visit)(void *context, const struct ldif_value *value, struct error *error), void *context,
                     struct error *error)
{
    struct ldif_value found = {.entry = reader->entries - 1};

    if (reader->line.size == 0) {
        reader->place = BETWEEN;
        return 0;
    }
    if (reader->line.data[0] == '#' || reader->place == IN_RESULT) {
        return 0;
    }
    if (part_line(reader, &found.attribute, &found.value, error) != 0) {
        return -1;
    }
    if (reader->place == BETWEEN) {
        return begin_entry(reader, found.attribute, found.value, error);
    }
    if (ldif_names(found.attribute, "changetype")) {
        return fault(reader, error, "a change, not an entry");
    }
    found.dn = buffer_string(&reader->dn);
    return visit(context, &found, error);
}

int ldif_each(struct bytes file, int (*visit)(void *context, const struct ldif_value *value, struct error *error),
              void *context, size_t *entries, struct error *error)
{
    struct reader reader = {.rest = file, .line_number = 1};
    int result = 0;

    buffer_init(&reader.line, file.size + 1);
    buffer_init(&reader.value, file.size + 1);
    buffer_init(&reader.dn, file.size + 1);
    while (result == 0 && next_line(&reader)) {
        result = take_line(&reader, visit, context, error);
    }
    if (result == 0 && reader.line.failed) {
        result = error_set(error, "out of memory");
    }
    *entries = reader.entries;
    buffer_free(&reader.line);
    buffer_free(&reader.value);
    buffer_free(&reader.dn);
    return result;
}

bool ldif_is(struct bytes file)
{
    struct reader reader = {.rest = file, .line_number = 1};
    struct bytes line;

    while (next_physical(&reader, &line)) {
        if (line.size == 0 || line.data[0] == '#' || line.data[0] == ' ') {
            continue;
        }
        const uint8_t *colon = memchr(line.data, ':', line.size);
        struct bytes name = bytes_of(line.data, colon != NULL ? (size_t)(colon - line.data) : 0);
        return ldif_names(name, "dn") || ldif_names(name, "version");
    }
    return false;
}

bool ldif_names(struct bytes attribute, const char *name)
{
    size_t size = strlen(name);

    return attribute.size >= size && strncasecmp((const char *)attribute.data, name, size) == 0 &&
           (attribute.size == size || attribute.data[size] == ';');
}
