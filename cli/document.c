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

/* Lines that a terminal may be given, whoever made them, from the first of a card to its last. */
static bool is_card(struct bytes body)
{
    static const char begin[] = "BEGIN:VCARD\r\n", end[] = "\r\nEND:VCARD\r\n";
    struct bytes left = body;

    if (body.size < sizeof(begin) + sizeof(end) || memcmp(body.data, begin, sizeof(begin) - 1) != 0 ||
        memcmp(body.data + body.size - (sizeof(end) - 1), end, sizeof(end) - 1) != 0) {
        return false;
    }
    while (left.size > 0) {
        const uint8_t *line_end = memchr(left.data, '\n', left.size);
        if (line_end == NULL || line_end == left.data || line_end[-1] != '\r' ||
            !clean_is_fit_for_card(bytes_of(left.data, (size_t)(line_end - left.data) - 1))) {
            return false;
        }
        left = bytes_of(line_end + 1, left.size - (size_t)(line_end + 1 - left.data));
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
