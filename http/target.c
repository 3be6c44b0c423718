#include "http/target.h"

#include <strings.h>

#include "base/text.h"

static const char *const fault_texts[] = {
    [TARGET_OK] = "nothing is wrong",
    [TARGET_TOO_LONG] = "the address of the request is too long",
    [TARGET_BAD_FORM] = "the target of the request is not a path (RFC 9112 3.2)",
    [TARGET_BAD_ESCAPE] = "a percent sign is not followed by two hexadecimal digits (RFC 3986 2.1)",
    [TARGET_CONTROL] = "a control character, a raw space or a raw '#' has no place in the address of a request",
    [TARGET_BAD_UTF8] = "the address of the request is not UTF-8 once its percent-encoding is undone",
    [TARGET_TOO_MANY] = "the query has too many parameters",
    [TARGET_TOO_DEEP] = "there is nothing at this path",
};

const char *target_fault_text(enum target_fault fault)
{
    return fault_texts[fault];
}

/* What stands for itself wherever it stands: printable ASCII without '#', '%', '+', and without '/', which ends a
 * segment. Nearly every octet of nearly every request is one of these. */
static const bool plain[256] = {
    ['!' ... '"'] = true, ['$'] = true, ['&' ... '*'] = true, [',' ... '.'] = true, ['0' ... '~'] = true,
};

static bool is_control(uint8_t c)
{
    return c < 0x20 || c == 0x7f;
}

/* One octet that is not plain, percent-encoded perhaps: moves `at` past it. */
static enum target_fault decode_one(struct bytes raw, size_t *at, bool form, uint8_t *out)
{
    uint8_t c = raw.data[(*at)++];

    if (c == ' ' || c == '#') {
        return TARGET_CONTROL;
    }
    if (c == '+' && form) {
        c = ' ';
    } else if (c == '%') {
        int high = *at + 1 < raw.size ? text_hex_value((char)raw.data[*at]) : -1;
        int low = *at + 1 < raw.size ? text_hex_value((char)raw.data[*at + 1]) : -1;
        if (high < 0 || low < 0) {
            return TARGET_BAD_ESCAPE;
        }
        c = (uint8_t)(high << 4 | low);
        *at += 2;
    }
    *out = c;
    return is_control(c) ? TARGET_CONTROL : TARGET_OK;
}

static size_t plain_run(struct bytes raw, size_t at)
{
    size_t run = 0;

    while (at + run < raw.size && plain[raw.data[at + run]]) {
        run++;
    }
    return run;
}

/* Decodes `raw` to the end of the storage, which is as large as the longest target and so never too small. */
static enum target_fault decode(struct target *target, struct bytes raw, bool form, struct bytes *out)
{
    uint8_t *to = target->storage + target->used;
    size_t size = 0;
    bool ascii = true;

    for (size_t at = 0; at < raw.size;) {
        size_t run = plain_run(raw, at);
        memcpy(to + size, raw.data + at, run);
        at += run;
        size += run;
        if (at < raw.size) {
            enum target_fault fault = decode_one(raw, &at, form, &to[size]);
            if (fault != TARGET_OK) {
                return fault;
            }
            ascii = ascii && to[size] < 0x80;
            size++;
        }
    }
    *out = bytes_of(to, size);
    target->used += size;
    return ascii || text_is_utf8(*out) ? TARGET_OK : TARGET_BAD_UTF8;
}

/* Cuts off what stands before the first `separator`, and the separator. The whole where there is none. */
static struct bytes cut(struct bytes *rest, char separator)
{
    const uint8_t *end = rest->size > 0 ? memchr(rest->data, separator, rest->size) : NULL;
    struct bytes head = *rest;

    if (end == NULL) {
        *rest = bytes_of(rest->data + rest->size, 0);
    } else {
        head.size = (size_t)(end - rest->data);
        *rest = bytes_of(end + 1, rest->size - head.size - 1);
    }
    return head;
}

/* Cuts off what stands before the next '/'. Mostly all of it is plain: then nothing is to be decoded. */
static enum target_fault take_segment(struct target *target, struct bytes *path, struct bytes *segment)
{
    size_t size = plain_run(*path, 0);
    bool all = size == path->size || path->data[size] == '/';

    while (size < path->size && path->data[size] != '/') {
        size++;
    }
    *segment = bytes_of(path->data, size);
    *path = bytes_of(path->data + size, path->size - size);
    return all ? TARGET_OK : decode(target, *segment, false, segment);
}

/* Each segment stands behind a '/'. */
static enum target_fault parse_path(struct target *target, struct bytes path)
{
    enum target_fault fault = TARGET_OK;

    while (path.size > 0 && fault == TARGET_OK) {
        if (target->segment_count == TARGET_SEGMENTS_MAX) {
            return TARGET_TOO_DEEP;
        }
        path = bytes_of(path.data + 1, path.size - 1);
        fault = take_segment(target, &path, &target->segments[target->segment_count++]);
    }
    return fault;
}

static enum target_fault parse_query(struct target *target, struct bytes query)
{
    enum target_fault fault = TARGET_OK;

    while (query.size > 0 && fault == TARGET_OK) {
        struct bytes value = cut(&query, '&');
        if (value.size == 0) {
            continue;
        }
        if (target->parameter_count == TARGET_PARAMETERS_MAX) {
            return TARGET_TOO_MANY;
        }
        struct parameter *parameter = &target->parameters[target->parameter_count++];
        struct bytes name = cut(&value, '=');
        fault = decode(target, name, true, &parameter->name);
        if (fault == TARGET_OK) {
            fault = decode(target, value, true, &parameter->value);
        }
    }
    return fault;
}

/* The absolute form (RFC 9112 3.2.2), which every server must take: what counts is what follows the host. */
static struct bytes skip_scheme_and_host(struct bytes raw)
{
    static const char *const schemes[] = {"http://", "https://"};

    if (raw.size > 0 && raw.data[0] == '/') {
        return raw; /* nearly every one */
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t size = strlen(schemes[i]);
        if (raw.size > size && strncasecmp((const char *)raw.data, schemes[i], size) == 0) {
            size_t at = size;
            while (at < raw.size && raw.data[at] != '/' && raw.data[at] != '?') {
                at++;
            }
            return bytes_of(raw.data + at, raw.size - at);
        }
    }
    return raw;
}

static void begin(struct target *target)
{
    target->asterisk = false;
    target->segment_count = 0;
    target->parameter_count = 0;
    target->used = 0;
}

bool target_is_between(struct bytes raw, struct bytes before, struct bytes behind, struct target *target,
                       struct bytes *segment)
{
    size_t around = before.size + behind.size;

    if (raw.size <= around || raw.size > MAX_URI_BYTES || memcmp(raw.data, before.data, before.size) != 0 ||
        memcmp(raw.data + raw.size - behind.size, behind.data, behind.size) != 0) {
        return false;
    }
    *segment = bytes_of(raw.data + before.size, raw.size - around);
    if (plain_run(*segment, 0) != segment->size || memchr(segment->data, '?', segment->size) != NULL) {
        return false;
    }
    begin(target);
    return true;
}

enum target_fault target_parse(struct bytes raw, struct target *target)
{
    begin(target);
    if (raw.size > MAX_URI_BYTES) {
        return TARGET_TOO_LONG;
    }
    if (raw.size == 1 && raw.data[0] == '*') {
        target->asterisk = true;
        return TARGET_OK;
    }
    struct bytes query = skip_scheme_and_host(raw);
    bool absolute = query.size != raw.size;
    struct bytes path = cut(&query, '?');
    if (path.size == 0 && absolute) {
        path = bytes_of("/", 1);
    }
    if (path.size == 0 || path.data[0] != '/') {
        return TARGET_BAD_FORM;
    }
    enum target_fault fault = parse_path(target, path);
    return fault == TARGET_OK ? parse_query(target, query) : fault;
}

size_t target_parameter(const struct target *target, const char *name, struct bytes *value)
{
    size_t found = 0;

    for (size_t i = 0; i < target->parameter_count; i++) {
        if (bytes_equal(target->parameters[i].name, bytes_of_string(name))) {
            if (found++ == 0) {
                *value = target->parameters[i].value;
            }
        }
    }
    return found;
}
