#include "base/text.h"
#include "cache/record.h"
#include "cache/record_private.h"

/* Every issuer of an answer, once. */
struct issuers {
    const struct blob *items[RECORD_ISSUERS_MAX];
    size_t count;
};

static size_t issuers_find(const struct issuers *issuers, const struct blob *issuer)
{
    size_t i = 0;

    while (i < issuers->count && issuers->items[i] != issuer &&
           !bytes_equal(blob_bytes(issuers->items[i]), blob_bytes(issuer))) {
        i++;
    }
    return i;
}

static void issuers_collect(struct issuers *issuers, const struct answer *answer)
{
    issuers->count = 0;
    for (size_t i = 0; i < answer->certificate_count; i++) {
        const struct certificate *certificate = &answer->certificates[i];

        for (size_t j = 0; j < certificate->chain_count; j++) {
            size_t at = issuers_find(issuers, certificate->chain[j]);

            if (at == issuers->count) {
                issuers->items[issuers->count++] = certificate->chain[j];
            }
        }
    }
}

/* Words for people never cost us the record: what is too long is cut, what is not UTF-8 loses what is not ASCII. */
static void put_text(struct buffer *out, const char *text, size_t max)
{
    struct bytes bytes = bytes_of(text, strnlen(text, max));
    bool clean = text_is_utf8(bytes);

    buffer_append_u16(out, (uint16_t)bytes.size);
    for (size_t i = 0; i < bytes.size && !clean; i++) {
        buffer_append_char(out, bytes.data[i] < 0x80 ? (char)bytes.data[i] : '?');
    }
    if (clean) {
        buffer_append_bytes(out, bytes);
    }
    buffer_append_u8(out, 0);
}

static void put_word(struct buffer *out, const char *word)
{
    buffer_append_u8(out, (uint8_t)strlen(word));
    buffer_append_string(out, word);
}

static int put_blob(struct buffer *out, const struct blob *blob)
{
    if (blob->size > MAX_VALUE_BYTES) {
        return -1;
    }
    buffer_append_u32(out, (uint32_t)blob->size);
    buffer_append_bytes(out, blob_bytes(blob));
    return 0;
}

static int put_issuer(struct buffer *out, const struct blob *issuer, const struct known_issuers *known)
{
    const struct digest *digest = known != NULL ? known_issuers_digest(known, issuer) : NULL;

    buffer_append_u8(out, digest != NULL ? RECORD_ISSUER_KNOWN : RECORD_ISSUER_WHOLE);
    if (digest == NULL) {
        return put_blob(out, issuer);
    }
    buffer_append(out, digest->bytes, sizeof(digest->bytes));
    return 0;
}

static int put_time(struct buffer *out, int64_t wall_s)
{
    buffer_append_u64(out, (uint64_t)wall_s);
    return record_time_is_valid(wall_s) ? 0 : -1;
}

static int put_der(struct buffer *out, const struct certificate *certificate)
{
    if (certificate->der == NULL) {
        buffer_append_u8(out, RECORD_DER_ABSENT);
        return 0;
    }
    if (bytes_equal(blob_bytes(certificate->der), blob_bytes(certificate->value))) {
        buffer_append_u8(out, RECORD_DER_SAME);
        return 0;
    }
    buffer_append_u8(out, RECORD_DER_OWN);
    return put_blob(out, certificate->der);
}

static int put_revocation(struct buffer *out, const struct revocation *revocation)
{
    int result = 0;

    put_word(out, revocation_word(revocation->status));
    result |= put_time(out, revocation->revoked_at);
    buffer_append_u32(out, (uint32_t)revocation->crl_reason);
    result |= put_time(out, revocation->this_update);
    result |= put_time(out, revocation->next_update);
    buffer_append_u8(out, revocation->awaited ? 1 : 0);
    return result;
}

static int put_certificate(struct buffer *out, const struct certificate *certificate, const struct issuers *issuers)
{
    int result = put_blob(out, certificate->value);

    result |= put_der(out, certificate);
    buffer_append_u8(out, (uint8_t)certificate->chain_count);
    for (size_t i = 0; i < certificate->chain_count; i++) {
        buffer_append_u16(out, (uint16_t)issuers_find(issuers, certificate->chain[i]));
    }
    put_text(out, certificate->source.directory, RECORD_NAME_BYTES);
    put_text(out, certificate->source.dn, MAX_DN_BYTES);
    put_word(out, attribute_name(certificate->source.attribute));
    buffer_append_u32(out, certificate->source.index);
    put_text(out, certificate->source.mails, MAX_MAILS_BYTES);
    put_word(out, reason_word(certificate->reason));
    put_text(out, certificate->detail, MAX_ERROR_BYTES);
    result |= put_revocation(out, &certificate->revocation);
    result |= put_time(out, certificate->not_after);
    buffer_append_u8(out, (uint8_t)certificate->link_count);
    for (size_t i = 0; i < certificate->link_count; i++) {
        buffer_append_u64(out, certificate->links[i]);
    }
    return result;
}

static void put_asked(struct buffer *out, const struct asked *asked)
{
    put_text(out, asked->directory, RECORD_NAME_BYTES);
    put_word(out, asked_word(asked->result));
    buffer_append_u32(out, asked->duration_ms);
    buffer_append_u32(out, asked->entries);
    buffer_append_u32(out, asked->values);
    put_text(out, asked->error, MAX_ERROR_BYTES);
}

static int put_head(struct buffer *out, const struct answer *answer)
{
    int result = 0;

    put_text(out, answer->address.text, MAX_ADDRESS_BYTES);
    put_word(out, outcome_word(answer->outcome));
    put_word(out, reason_word(answer->reason));
    buffer_append_u8(out, answer->partial ? 1 : 0);
    buffer_append(out, answer->policy.bytes, sizeof(answer->policy.bytes));
    result |= put_time(out, answer->made_at);
    result |= put_time(out, answer->fresh_until);
    result |= put_time(out, answer->stale_until);
    if (answer->outcome == OUTCOME_FOUND) {
        buffer_append(out, answer->best_digest, sizeof(answer->best_digest));
    }
    buffer_append_u16(out, (uint16_t)answer->certificate_count);
    buffer_append_u16(out, (uint16_t)answer->asked_count);
    return result;
}

/* By their digest only those that everybody knows who may serve the answer as it stands. */
static int put_issuers(struct buffer *out, const struct issuers *issuers, const struct known_issuers *known)
{
    int result = 0;

    buffer_append_u16(out, (uint16_t)issuers->count);
    for (size_t i = 0; i < issuers->count; i++) {
        result |= put_issuer(out, issuers->items[i], known);
    }
    return result;
}

/* What record_decode() would refuse is not worth writing. */
static bool is_recordable(const struct answer *answer)
{
    bool found = answer->outcome == OUTCOME_FOUND;

    if (answer->outcome == OUTCOME_UNKNOWN || answer->certificate_count > MAX_VALUES ||
        answer->asked_count > MAX_DIRECTORIES || answer->reason == REASON_UNJUDGED ||
        found != (answer->reason == REASON_USABLE) || found != (answer->usable_count > 0)) {
        return false;
    }
    for (size_t i = 0; i < answer->certificate_count; i++) {
        const struct certificate *certificate = &answer->certificates[i];
        bool usable = certificate->reason == REASON_USABLE;

        if (usable != (i < answer->usable_count) || certificate->reason == REASON_UNJUDGED ||
            certificate->chain_count > MAX_CHAIN || certificate->link_count > MAX_CHAIN ||
            (certificate->der == NULL && (usable || certificate->chain_count > 0 || certificate->link_count > 0))) {
            return false;
        }
    }
    return true;
}

int record_encode(const struct answer *answer, const struct known_issuers *known, struct buffer *out)
{
    struct issuers issuers;
    int result;

    if (!is_recordable(answer)) {
        return -1;
    }
    issuers_collect(&issuers, answer);
    result = put_head(out, answer);
    result |= put_issuers(out, &issuers, known_issuers_are_of(known, &answer->policy) ? known : NULL);
    for (size_t i = 0; i < answer->certificate_count; i++) {
        result |= put_certificate(out, &answer->certificates[i], &issuers);
    }
    for (size_t i = 0; i < answer->asked_count; i++) {
        put_asked(out, &answer->asked[i]);
    }
    return out->failed ? -1 : result;
}
