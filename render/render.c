#include "render/render.h"

#include <string.h>

#include "base/digest.h"
#include "render/formats.h"
#include "x509/describe.h"

#define PEM_LINE 64 /* RFC 7468 2 */

static const struct certificate *best_of(const struct answer *answer)
{
    return answer->usable_count > 0 ? &answer->certificates[0] : NULL;
}

/* The leaf and its issuers, for whoever has the anchor already. Returns how many. */
static size_t path_of(const struct certificate *certificate, struct bytes path[MAX_CHAIN])
{
    size_t count = 0;
    path[count++] = blob_bytes(certificate->der);
    for (size_t i = 0; i + 1 < certificate->chain_count && count < MAX_CHAIN; i++) {
        path[count++] = blob_bytes(certificate->chain[i]);
    }
    return count;
}

static int render_der(const struct answer *answer, const struct render_options *options, struct buffer *out)
{
    (void)options;
    const struct certificate *best = best_of(answer);
    if (best == NULL) {
        return -1;
    }
    buffer_append_bytes(out, blob_bytes(best->der));
    return out->failed ? -1 : 0;
}

static int render_pem(const struct answer *answer, const struct render_options *options, struct buffer *out)
{
    (void)options;
    const struct certificate *best = best_of(answer);
    if (best == NULL) {
        return -1;
    }
    struct bytes path[MAX_CHAIN];
    size_t count = path_of(best, path);
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, "-----BEGIN CERTIFICATE-----\n");
        digest_append_base64(out, path[i], PEM_LINE);
        buffer_append_string(out, "-----END CERTIFICATE-----\n");
    }
    return out->failed ? -1 : 0;
}

static int render_p7c(const struct answer *answer, const struct render_options *options, struct buffer *out)
{
    (void)options;
    const struct certificate *best = best_of(answer);
    if (best == NULL) {
        return -1;
    }
    struct bytes path[MAX_CHAIN];
    size_t count = path_of(best, path);
    return bundle_encode(path, count, out) == 0 && !out->failed ? 0 : -1;
}

const struct format_info render_formats[FORMAT_COUNT] = {
    [FORMAT_JSON] = {"json", "application/json", "json", render_json, false},
    [FORMAT_DER] = {"der", "application/pkix-cert", "cer", render_der, true},
    [FORMAT_PEM] = {"pem", "application/pem-certificate-chain", "pem", render_pem, true},
    [FORMAT_P7C] = {"p7c", "application/pkcs7-mime; smime-type=certs-only", "p7c", render_p7c, true},
    [FORMAT_VCARD] = {"vcard", "text/vcard; charset=utf-8; version=4.0", "vcf", render_vcard, true},
    [FORMAT_VCARD3] = {"vcard3", "text/vcard; charset=utf-8; version=3.0", "vcf", render_vcard3, true},
    [FORMAT_TEXT] = {"text", NULL, "txt", render_text, false},
    [FORMAT_LDIF] = {"ldif", NULL, "ldif", render_ldif, false},
};

bool format_parse(struct bytes name, enum format *format)
{
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        if (bytes_equal(name, bytes_of_string(render_formats[i].name))) {
            *format = (enum format)i;
            return true;
        }
    }
    return false;
}

int render(enum format format, const struct answer *answer, const struct render_options *options, struct buffer *out)
{
    static const struct render_options plain;
    return render_formats[format].render(answer, options != NULL ? options : &plain, out);
}

const char *render_display_address(const struct answer *answer, struct address *parsed)
{
    if (strstr(answer->address.text, "xn--") == NULL) {
        return answer->address.text;
    }
    struct bytes raw = {(const uint8_t *)answer->address.text, answer->address.size};
    return address_parse(raw, parsed) == ADDRESS_OK ? parsed->display : answer->address.text;
}
