#include "base/digest.h"
#include "base/text.h"
#include "render/clean.h"
#include "render/formats.h"
#include "x509/describe.h"

#define WRAP 76 /* RFC 2849 note 2 lets us choose; this is what ldapsearch does */
#define MAX_LINE_BYTES (256 * 1024)

/* A logical line, folded: what continues begins with a space (RFC 2849 note 2). */
static void append_folded(struct buffer *out, struct bytes line)
{
    size_t room = WRAP;

    while (line.size > room) {
        buffer_append(out, line.data, room);
        buffer_append_string(out, "\n ");
        line = bytes_of(line.data + room, line.size - room);
        room = WRAP - 1;
    }
    buffer_append_bytes(out, line);
    buffer_append_char(out, '\n');
}

/* A comment of one line; each line of it is a comment by itself, for those who grep it out. */
static void append_comment(struct buffer *out, const char *const *pieces)
{
    struct buffer text;

    buffer_init(&text, MAX_LINE_BYTES);
    for (; *pieces != NULL && !text.failed; pieces++) {
        clean_append_terminal(&text, bytes_of_string(*pieces));
    }
    buffer_append_format(out, "# %s\n", buffer_string(&text));
    buffer_free(&text);
}
#define COMMENT(out_, ...) append_comment((out_), (const char *const[]){__VA_ARGS__, NULL})

/* SAFE-STRING of RFC 2849; a space at its end is allowed there, and base64 all the same better (note 8). */
static bool is_safe(const char *text)
{
    if (*text == ' ' || *text == ':' || *text == '<' || (*text != '\0' && text[strlen(text) - 1] == ' ')) {
        return false;
    }
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e) {
            return false;
        }
    }
    return true;
}

static void append_dn(struct buffer *out, const char *dn)
{
    struct buffer line;

    buffer_init(&line, MAX_LINE_BYTES);
    if (is_safe(dn)) {
        buffer_append_string(&line, dn[0] != '\0' ? "dn: " : "dn:");
        buffer_append_string(&line, dn);
    } else {
        buffer_append_string(&line, "dn:: ");
        digest_append_base64(&line, bytes_of_string(dn), 0);
    }
    append_folded(out, buffer_bytes(&line));
    buffer_free(&line);
}

/* "userCertificate;binary:: MII…"; `start` is "# " where the value is only to be looked at. */
static void append_value(struct buffer *out, const char *start, const struct certificate *certificate)
{
    struct buffer line;

    buffer_init(&line, MAX_LINE_BYTES);
    buffer_append_format(&line, "%s%s;binary:: ", start, attribute_name(certificate->source.attribute));
    digest_append_base64(&line, blob_bytes(certificate->value), 0);
    if (line.failed) {
        out->failed = true;
    }
    append_folded(out, buffer_bytes(&line));
    buffer_free(&line);
}

static void append_about(struct buffer *out, const struct certificate *certificate)
{
    struct description description;
    char until[TEXT_TIME_BYTES];

    if (certificate->der == NULL || description_read(blob_bytes(certificate->der), &description) != 0) {
        return;
    }
    COMMENT(out, "  subject ", description.subject);
    COMMENT(out, "  until ", text_time(description.not_after, until), ", sha256 ", description.fingerprint);
    description_free(&description);
}

static void append_certificate(struct buffer *out, const struct certificate *certificate,
                               const struct render_options *options)
{
    bool usable = certificate->reason == REASON_USABLE;
    const char *detail = certificate->detail;

    if (usable) {
        COMMENT(out, "usable", detail[0] != '\0' ? ": " : "", detail);
    } else {
        COMMENT(out, "refused: ", reason_word(certificate->reason), ": ",
                detail[0] != '\0' ? detail : reason_text(certificate->reason));
    }
    append_about(out, certificate);
    if (usable) {
        append_value(out, "", certificate);
    } else if (options->explain) {
        append_value(out, "# ", certificate);
    }
}

static bool same_entry(const struct certificate *a, const struct certificate *b)
{
    return strcmp(a->source.dn, b->source.dn) == 0 && strcmp(a->source.directory, b->source.directory) == 0;
}

/* All values of the entry that certificate number `first`, its first, comes from. An entry without a usable value is a
 * comment, because a record without an attribute is none. */
static void append_entry(struct buffer *out, const struct answer *answer, size_t first,
                         const struct render_options *options)
{
    const struct certificate *certificates = answer->certificates;

    buffer_append_char(out, '\n');
    if (first < answer->usable_count) {
        append_dn(out, certificates[first].source.dn);
    } else {
        COMMENT(out, "dn: ", certificates[first].source.dn);
    }
    for (size_t i = first; i < answer->certificate_count; i++) {
        if (same_entry(&certificates[first], &certificates[i])) {
            append_certificate(out, &certificates[i], options);
        }
    }
}

static bool is_first_of_entry(const struct answer *answer, size_t which)
{
    for (size_t i = 0; i < which; i++) {
        if (same_entry(&answer->certificates[i], &answer->certificates[which])) {
            return false;
        }
    }
    return true;
}

static void append_directories(struct buffer *out, const struct answer *answer)
{
    for (size_t i = 0; i < answer->asked_count; i++) {
        const struct asked *asked = &answer->asked[i];
        COMMENT(out, "directory ", asked->directory, ": ", asked_word(asked->result),
                asked->error[0] != '\0' ? ": " : "", asked->error);
    }
}

int render_ldif(const struct answer *answer, const struct render_options *options, struct buffer *out)
{
    bool found = answer->outcome == OUTCOME_FOUND;

    COMMENT(out, answer->address.text, answer->address.size > 0 ? ": " : "", outcome_word(answer->outcome),
            found ? "" : ": ", found ? "" : reason_word(answer->reason), answer->partial ? " (partial)" : "");
    if (options->explain || !found || answer->partial) {
        append_directories(out, answer);
    }
    for (size_t i = 0; i < answer->certificate_count; i++) {
        if (is_first_of_entry(answer, i)) {
            append_entry(out, answer, i, options);
        }
    }
    return out->failed ? -1 : 0;
}
