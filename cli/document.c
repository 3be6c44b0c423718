#include "cli/document.h"

#include "render/clean.h"
#include "x509/describe.h"

#define DER_SEQUENCE 0x30

static bool is_certificate(struct bytes body)
{
    struct description description;

    if (description_read(body, &description) != 0) {
        return false;
    }
    description_free(&description);
    return true;
}

static bool is_pem(struct bytes body)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";

    for (size_t i = 0; i < body.size; i++) {
        uint8_t c = body.data[i];
        if ((c < 0x20 || c > 0x7e) && c != '\n' && c != '\r') {
            return false;
        }
    }
    return body.size > sizeof(begin) && memcmp(body.data, begin, sizeof(begin) - 1) == 0;
}

/* Only the outermost tag: it goes into a file, and whoever reads it from there looks closer. */
static bool is_bundle(struct bytes body)
{
    return body.size > 2 && body.data[0] == DER_SEQUENCE;
}

static bool is_clean(struct bytes line)
{
    struct buffer clean;

    buffer_init(&clean, MAX_RESPONSE_BYTES);
    clean_append_terminal(&clean, line);
    bool same = bytes_equal(buffer_bytes(&clean), line);
    buffer_free(&clean);
    return same;
}

/* Lines that a terminal may be given, whoever made them. */
static bool is_card(struct bytes body)
{
    static const char begin[] = "BEGIN:VCARD\r\n";
    struct bytes left = body;

    if (body.size < sizeof(begin) || memcmp(body.data, begin, sizeof(begin) - 1) != 0) {
        return false;
    }
    while (left.size > 0) {
        const uint8_t *end = memchr(left.data, '\n', left.size);
        if (end == NULL || end == left.data || end[-1] != '\r' ||
            !is_clean(bytes_of(left.data, (size_t)(end - left.data) - 1))) {
            return false;
        }
        left = bytes_of(end + 1, left.size - (size_t)(end + 1 - left.data));
    }
    return true;
}

int document_take(enum format format, struct bytes body, struct reply *reply, struct error *error)
{
    static bool (*const checks[FORMAT_COUNT])(struct bytes) = {
        [FORMAT_DER] = is_certificate, [FORMAT_PEM] = is_pem,     [FORMAT_P7C] = is_bundle,
        [FORMAT_VCARD] = is_card,      [FORMAT_VCARD3] = is_card,
    };

    if (checks[format] == NULL || !checks[format](body)) {
        return error_set(error, "what it calls %s is none", render_formats[format].name);
    }
    buffer_append_bytes(&reply->document, body);
    return reply->document.failed ? error_set(error, "out of memory") : 0;
}
