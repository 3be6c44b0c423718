#include <stdio.h>

#include "base/text.h"
#include "render/formats.h"
#include "render/text_trail.h"
#include "x509/capabilities.h"
#include "x509/describe.h"

static void write_list(struct writer *writer, const char *label, const char *const *words, size_t count,
                       const char *none)
{
    const char *pieces[2 * DESCRIPTION_LIST_MAX + 1];
    size_t used = 0;

    for (size_t i = 0; i < count && i < DESCRIPTION_LIST_MAX; i++) {
        if (i > 0) {
            pieces[used++] = ", ";
        }
        pieces[used++] = words[i];
    }
    if (used == 0) {
        pieces[used++] = none;
    }
    pieces[used] = NULL;
    text_field(writer, label, pieces);
}

static void write_key(struct writer *writer, const struct description *description)
{
    char bits[32] = "";

    if (description->curve[0] == '\0' && description->key_bits > 0) {
        snprintf(bits, sizeof(bits), "%d", description->key_bits);
    }
    bool sized = bits[0] != '\0' || description->curve[0] != '\0';
    FIELD(writer, "key", description->key, sized ? " " : "", bits, description->curve, ", signed with ",
          description->signature);
}

static void write_description(struct writer *writer, struct bytes der)
{
    struct description description;
    char from[TEXT_TIME_BYTES], to[TEXT_TIME_BYTES];

    if (description_read(der, &description) != 0) {
        return;
    }
    FIELD(writer, "subject", description.subject);
    FIELD(writer, "issuer", description.issuer);
    FIELD(writer, "serial", description.serial);
    FIELD(writer, "valid", text_time(description.not_before, from), " to ", text_time(description.not_after, to));
    write_key(writer, &description);
    write_list(writer, "key usage", description.key_usage, description.key_usage_count,
               description.has_key_usage ? "nothing" : "not restricted");
    write_list(writer, "purposes", (const char *const *)description.extended_key_usage,
               description.extended_key_usage_count, "not restricted");
    write_list(writer, "addresses", (const char *const *)description.addresses, description.address_count, "none");
    FIELD(writer, "sha256", description.fingerprint);
    description_free(&description);
}

static void write_revocation(struct writer *writer, const struct revocation *revocation)
{
    char time[TEXT_TIME_BYTES];
    const char *crl_reason = crl_reason_word(revocation->crl_reason);

    switch (revocation->status) {
    case REVOCATION_GOOD:
        if (revocation->next_update != 0) {
            FIELD(writer, "revocation", "good, evidence until ", text_time(revocation->next_update, time));
        } else {
            FIELD(writer, "revocation", "good");
        }
        break;
    case REVOCATION_REVOKED:
        FIELD(writer, "revocation", "revoked ", text_time(revocation->revoked_at, time), crl_reason != NULL ? ", " : "",
              crl_reason != NULL ? crl_reason : "");
        break;
    case REVOCATION_UNKNOWN:
        FIELD(writer, "revocation", "unknown: no usable CRL", revocation->awaited ? " yet" : "");
        break;
    case REVOCATION_NOT_CHECKED:
        FIELD(writer, "revocation", "not checked");
        break;
    }
}

static void write_capabilities(struct writer *writer, const struct certificate *certificate)
{
    struct capabilities capabilities;
    const char *words[CAPABILITIES_MAX];

    capabilities_of(certificate, &capabilities);
    for (size_t i = 0; i < capabilities.count; i++) {
        words[i] = capabilities.words[i];
    }
    if (capabilities.count > 0) {
        write_list(writer, "reads", words, capabilities.count, "");
    }
}

static void write_chain(struct writer *writer, const struct certificate *certificate)
{
    const char *label = "chain";
    char until[TEXT_TIME_BYTES];

    for (size_t i = 0; i < certificate->chain_count; i++) {
        struct description description;
        if (description_read(blob_bytes(certificate->chain[i]), &description) != 0) {
            continue;
        }
        FIELD(writer, label, description.subject, ", until ", text_time(description.not_after, until));
        description_free(&description);
        label = "";
    }
}

static void write_verdict(struct writer *writer, const struct certificate *certificate)
{
    if (certificate->reason == REASON_USABLE) {
        text_coloured(writer, COLOUR_GOOD, "usable");
        buffer_append_char(writer->out, '\n');
    } else {
        text_coloured(writer, COLOUR_BAD, "refused");
        buffer_append_format(writer->out, ": %s\n", reason_word(certificate->reason));
        FIELD(writer, "why", reason_text(certificate->reason));
    }
    if (certificate->detail[0] != '\0') {
        FIELD(writer, "detail", certificate->detail);
    }
}

static void write_certificate(struct writer *writer, const struct certificate *certificate, size_t number)
{
    char index[32];

    buffer_append_format(writer->out, "\n%3zu. ", number);
    write_verdict(writer, certificate);
    if (certificate->der != NULL) {
        write_description(writer, blob_bytes(certificate->der));
        write_revocation(writer, &certificate->revocation);
        if (writer->options->explain) {
            write_capabilities(writer, certificate);
            write_chain(writer, certificate);
        }
    }
    if (writer->options->explain && certificate->trail != NULL) {
        text_trail(writer, certificate->trail);
    }
    snprintf(index, sizeof(index), "[%u]%s", certificate->source.index,
             certificate->source.dn[0] != '\0' ? " of " : "");
    FIELD(writer, "source", certificate->source.directory, ": ", attribute_name(certificate->source.attribute), index,
          certificate->source.dn);
}

static void write_directories(struct writer *writer, const struct answer *answer)
{
    for (size_t i = 0; i < answer->asked_count; i++) {
        const struct asked *asked = &answer->asked[i];
        char numbers[128];
        snprintf(numbers, sizeof(numbers), ": %s in %u ms, entries: %u, values: %u", asked_word(asked->result),
                 asked->duration_ms, asked->entries, asked->values);
        if (i == 0) {
            buffer_append_char(writer->out, '\n');
        }
        FIELD(writer, i == 0 ? "asked" : "", asked->directory, numbers, asked->error[0] != '\0' ? ": " : "",
              asked->error);
    }
}

static void write_outcome(struct writer *writer, const struct answer *answer)
{
    static const enum colour colours[] = {
        [OUTCOME_FOUND] = COLOUR_GOOD, [OUTCOME_NONE] = COLOUR_BAD, [OUTCOME_UNKNOWN] = COLOUR_DOUBT};
    struct address parsed;
    const char *display = render_display_address(answer, &parsed);

    text_clean(writer, display);
    if (strcmp(display, answer->address.text) != 0) {
        buffer_append_string(writer->out, " (");
        text_clean(writer, answer->address.text);
        buffer_append_char(writer->out, ')');
    }
    if (display[0] != '\0') { /* files were looked into, for nobody in particular */
        buffer_append_string(writer->out, ": ");
    }
    text_coloured(writer, colours[answer->outcome], outcome_word(answer->outcome));
    if (answer->outcome != OUTCOME_FOUND) {
        buffer_append_format(writer->out, ", %s", reason_word(answer->reason));
    }
    if (answer->certificate_count > 0) {
        buffer_append_format(writer->out, " (%zu usable, %zu refused)", answer->usable_count,
                             answer->certificate_count - answer->usable_count);
    }
    buffer_append_format(writer->out, "%s%s\n", answer->partial ? ", partial" : "",
                         writer->options->stale ? ", stale" : "");
    if (answer->outcome != OUTCOME_FOUND) {
        buffer_append_format(writer->out, "%*s%s\n", TEXT_INDENT, "", reason_text(answer->reason));
    }
}

int render_text(const struct answer *answer, const struct render_options *options, struct buffer *out)
{
    struct writer writer = {.out = out, .options = options};

    write_outcome(&writer, answer);
    for (size_t i = 0; i < answer->certificate_count; i++) {
        write_certificate(&writer, &answer->certificates[i], i + 1);
    }
    if (options->explain || answer->outcome == OUTCOME_UNKNOWN || answer->partial) {
        write_directories(&writer, answer);
    }
    return out->failed ? -1 : 0;
}
