#include "x509/shown.h"

#include <openssl/bio.h>
#include <openssl/objects.h>
#include <stdio.h>

#include "base/text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026 */
#define MAX_NAME_TEXT_BYTES (256 * 1024)

static const struct {
    uint32_t first, last;
} unfit[] = {
    {0x00, 0x1f}, {0x7f, 0x9f},     /* C0, DEL, C1 */
    {0x200e, 0x200f},               /* direction marks */
    {0x2028, 0x202e},               /* line and paragraph separator, embeddings and overrides */
    {0x2066, 0x2069},               /* isolates */
    {0xfeff, 0xfeff},
};

/* The character that `rest` begins with, its length in `size`; false: none does. */
static bool character_at(struct bytes rest, size_t *size, uint32_t *character)
{
    uint8_t lead = rest.data[0];

    *size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (*size > rest.size || !text_is_utf8(bytes_of(rest.data, *size))) {
        *size = 1;
        return false;
    }
    *character = *size == 1 ? lead : lead & (0xffU >> (*size + 1));
    for (size_t i = 1; i < *size; i++) {
        *character = *character << 6 | (rest.data[i] & 0x3fU);
    }
    return true;
}

static bool is_fit(uint32_t character)
{
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        if (character >= unfit[i].first && character <= unfit[i].last) {
            return false;
        }
    }
    return true;
}

/* What stands for the first character of `rest`, and how far it reaches. */
static struct bytes shown_first(struct bytes rest, size_t *size)
{
    uint32_t character = 0;

    if (character_at(rest, size, &character) && is_fit(character)) {
        return bytes_of(rest.data, *size);
    }
    return bytes_of_string(REPLACEMENT);
}

void shown_append(struct buffer *out, struct bytes text)
{
    size_t size;

    for (size_t at = 0; at < text.size; at += size) {
        buffer_append_bytes(out, shown_first(bytes_of(text.data + at, text.size - at), &size));
    }
}

const char *shown_copy(char *out, size_t size, struct bytes text)
{
    const size_t room = size - sizeof(ELLIPSIS);
    size_t used = 0, taken;

    for (size_t at = 0; at < text.size; at += taken) {
        struct bytes piece = shown_first(bytes_of(text.data + at, text.size - at), &taken);

        if (used + piece.size > room) {
            piece = bytes_of_string(ELLIPSIS);
            taken = text.size;
        }
        memcpy(out + used, piece.data, piece.size);
        used += piece.size;
    }
    out[used] = '\0';
    return out;
}

void shown_append_name(struct buffer *out, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text = NULL;

    /* A string that is not what its type says cannot be converted: what was written up to there is shown. */
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        BIO_puts(bio, REPLACEMENT);
    }
    if (bio != NULL) {
        long size = BIO_get_mem_data(bio, &text);

        shown_append(out, bytes_of(text, size > 0 ? (size_t)size : 0));
    }
    BIO_free(bio);
}

const char *shown_name(const X509_NAME *name, char out[SHOWN_NAME_BYTES])
{
    struct buffer buffer;

    buffer_init(&buffer, MAX_NAME_TEXT_BYTES);
    if (X509_NAME_entry_count(name) == 0) {
        buffer_append_string(&buffer, "(empty name)");
    } else {
        shown_append_name(&buffer, name);
    }
    shown_copy(out, SHOWN_NAME_BYTES, bytes_of_string(buffer_string(&buffer)));
    buffer_free(&buffer);
    return out;
}

static const struct {
    int nid;
    const char *word;
} object_words[] = {
    {NID_anyExtendedKeyUsage, "anyExtendedKeyUsage"},
    {NID_server_auth, "serverAuth"},
    {NID_client_auth, "clientAuth"},
    {NID_code_sign, "codeSigning"},
    {NID_email_protect, "emailProtection"},
    {NID_time_stamp, "timeStamping"},
    {NID_OCSP_sign, "OCSPSigning"},
};

const char *shown_object(const ASN1_OBJECT *object, char *out, size_t size)
{
    int nid = OBJ_obj2nid(object);

    for (size_t i = 0; i < sizeof(object_words) / sizeof(object_words[0]); i++) {
        if (nid == object_words[i].nid) {
            snprintf(out, size, "%s", object_words[i].word);
            return out;
        }
    }
    if (OBJ_obj2txt(out, (int)size, object, 1) <= 0) {
        snprintf(out, size, "(unreadable OID)");
    }
    return out;
}
