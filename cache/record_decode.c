#include <stdlib.h>

#include "cache/record.h"
#include "cache/record_private.h"
#include "cache/record_reader.h"

struct issuers {
    struct blob *items[RECORD_ISSUERS_MAX];
    size_t count;
    size_t used;
};

static enum reason get_reason(struct record_reader *reader)
{
    char word[RECORD_WORD_BYTES];
    enum reason reason = REASON_UNJUDGED;

    if (!reason_parse(record_get_word(reader, word), &reason) || reason == REASON_UNJUDGED) {
        record_fail(reader, "a reason is none that we know");
        return REASON_UNJUDGED;
    }
    return reason;
}

static const char *attribute_word_of(unsigned number)
{
    return attribute_name((enum attribute)number);
}

static const char *revocation_word_of(unsigned number)
{
    return revocation_word((enum revocation_status)number);
}

static const char *asked_word_of(unsigned number)
{
    return asked_word((enum asked_result)number);
}

/* `address` is a normalised one, or empty. What equals it is so, too; if not, it is parsed into `other`. */
static bool is_normalised(struct bytes text, const struct address *address, struct address *other)
{
    return (text.size > 0 && bytes_equal(text, address_bytes(address))) ||
           (address_parse(text, other) == ADDRESS_OK && bytes_equal(text, address_bytes(other)));
}

static void get_address(struct record_reader *reader, struct address *address)
{
    struct bytes text = record_get_bytes(reader, record_get_count(reader, 2, MAX_ADDRESS_BYTES));

    if (reader->fault == NULL && !is_normalised(text, address, address)) {
        record_fail(reader, "the address is not a normalised one");
    }
}

static void get_head(struct record_reader *reader, struct answer_draft *draft)
{
    char word[RECORD_WORD_BYTES];
    struct bytes policy;

    get_address(reader, &draft->address);
    if (!outcome_parse(record_get_word(reader, word), &draft->outcome) || draft->outcome == OUTCOME_UNKNOWN) {
        record_fail(reader, "the outcome is neither found nor none");
    }
    draft->reason = get_reason(reader);
    draft->partial = record_get_flag(reader);
    policy = record_get_bytes(reader, sizeof(draft->policy.bytes));
    memcpy(draft->policy.bytes, policy.data, policy.size);
    draft->made_at = record_get_time(reader);
    draft->fresh_until = record_get_time(reader);
    draft->stale_until = record_get_time(reader);
}

static void get_issuers(struct record_reader *reader, struct issuers *issuers)
{
    size_t count = record_get_count(reader, 2, RECORD_ISSUERS_MAX);

    while (reader->fault == NULL && issuers->count < count) {
        struct blob *issuer = record_get_blob(reader, blob_intern);

        for (size_t i = 0; i < issuers->count && issuer != NULL; i++) {
            if (issuers->items[i] == issuer) {
                record_fail(reader, "an issuer stands twice");
            }
        }
        if (issuer != NULL) {
            issuers->items[issuers->count++] = issuer;
        }
    }
}

static void issuers_free(struct issuers *issuers)
{
    while (issuers->count > 0) {
        blob_free(&issuers->items[--issuers->count]);
    }
}

static void get_der(struct record_reader *reader, struct certificate *certificate)
{
    switch (record_get_number(reader, 1)) {
    case RECORD_DER_ABSENT:
        return;
    case RECORD_DER_SAME:
        certificate->der = blob_ref(certificate->value);
        return;
    case RECORD_DER_OWN:
        certificate->der = record_get_blob(reader, blob_new);
        if (certificate->der != NULL && bytes_equal(blob_bytes(certificate->der), blob_bytes(certificate->value))) {
            record_fail(reader, "a certificate equals its value and stands twice");
        }
        return;
    default:
        record_fail(reader, "a certificate is neither absent, nor its value, nor its own");
    }
}

static void get_chain(struct record_reader *reader, struct certificate *certificate, struct issuers *issuers)
{
    size_t count = record_get_count(reader, 1, MAX_CHAIN);

    if (count == 0) {
        return;
    }
    certificate->chain = calloc(count, sizeof(certificate->chain[0]));
    if (certificate->chain == NULL) {
        record_fail(reader, "out of memory");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t index = (size_t)record_get_number(reader, 2);

        if (reader->fault != NULL || index >= issuers->count || index > issuers->used) {
            record_fail(reader, "an issuer is not there, or out of order");
            return;
        }
        if (index == issuers->used) {
            issuers->used++;
        }
        certificate->chain[certificate->chain_count++] = blob_ref(issuers->items[index]);
    }
}

/* What whoever reads them relies on: lines of normalised addresses, not too many. */
static char *get_mails(struct record_reader *reader, const struct address *own)
{
    char *mails = record_get_text(reader, MAX_MAILS_BYTES);
    const char *line = mails;
    struct address other;

    for (size_t count = 0; reader->fault == NULL && line != NULL && *line != '\0'; count++) {
        const char *end = strchrnul(line, '\n');
        struct bytes text = bytes_of(line, (size_t)(end - line));

        if (*end == '\0' || count == MAX_ENTRY_MAILS || !is_normalised(text, own, &other)) {
            record_fail(reader, "the entry's mails are not lines of normalised addresses");
            break;
        }
        line = end + 1;
    }
    return mails;
}

static void get_source(struct record_reader *reader, struct source *source, const struct address *own)
{
    source->directory = record_get_text(reader, RECORD_NAME_BYTES);
    source->dn = record_get_text(reader, MAX_DN_BYTES);
    source->attribute =
        (enum attribute)record_get_enum(reader, attribute_word_of, ATTRIBUTE_USER_SMIME_CERTIFICATE + 1);
    source->index = (uint32_t)record_get_number(reader, 4);
    source->mails = get_mails(reader, own);
}

static void get_revocation(struct record_reader *reader, struct revocation *revocation)
{
    revocation->status = (enum revocation_status)record_get_enum(reader, revocation_word_of, REVOCATION_REVOKED + 1);
    revocation->revoked_at = record_get_time(reader);
    revocation->crl_reason = (int32_t)(uint32_t)record_get_number(reader, 4);
    revocation->this_update = record_get_time(reader);
    revocation->next_update = record_get_time(reader);
    revocation->awaited = record_get_flag(reader);
}

static void get_links(struct record_reader *reader, struct certificate *certificate)
{
    size_t count = record_get_count(reader, 1, MAX_CHAIN);

    if (count == 0) {
        return;
    }
    certificate->links = calloc(count, sizeof(certificate->links[0]));
    if (certificate->links == NULL) {
        record_fail(reader, "out of memory");
        return;
    }
    while (certificate->link_count < count) {
        certificate->links[certificate->link_count++] = record_get_number(reader, 8);
    }
}

static void get_certificate(struct record_reader *reader, struct certificate *certificate, struct issuers *issuers,
                            const struct address *own)
{
    certificate->value = record_get_blob(reader, blob_new);
    get_der(reader, certificate);
    get_chain(reader, certificate, issuers);
    get_source(reader, &certificate->source, own);
    certificate->reason = get_reason(reader);
    certificate->detail = record_get_text(reader, MAX_ERROR_BYTES);
    get_revocation(reader, &certificate->revocation);
    certificate->not_after = record_get_time(reader);
    get_links(reader, certificate);
    if (certificate->der == NULL && (certificate->chain_count > 0 || certificate->link_count > 0 ||
                                     certificate->reason == REASON_USABLE)) {
        record_fail(reader, "a verdict stands without a certificate");
    }
}

static void get_certificates(struct record_reader *reader, struct answer_draft *draft, struct issuers *issuers)
{
    size_t count = record_get_count(reader, 2, MAX_VALUES);

    if (count == 0) {
        return;
    }
    draft->certificates = calloc(count, sizeof(draft->certificates[0]));
    if (draft->certificates == NULL) {
        record_fail(reader, "out of memory");
        return;
    }
    while (reader->fault == NULL && draft->certificate_count < count) {
        struct certificate *certificate = &draft->certificates[draft->certificate_count++];

        get_certificate(reader, certificate, issuers, &draft->address);
        if (certificate->reason == REASON_USABLE) {
            draft->usable_count++;
            if (draft->usable_count != draft->certificate_count) {
                record_fail(reader, "a usable certificate stands behind a refused one");
            }
        }
    }
}

static void get_asked(struct record_reader *reader, struct answer_draft *draft)
{
    size_t count = record_get_count(reader, 2, MAX_DIRECTORIES);

    if (count == 0) {
        return;
    }
    draft->asked = calloc(count, sizeof(draft->asked[0]));
    if (draft->asked == NULL) {
        record_fail(reader, "out of memory");
        return;
    }
    while (reader->fault == NULL && draft->asked_count < count) {
        struct asked *asked = &draft->asked[draft->asked_count++];

        asked->directory = record_get_text(reader, RECORD_NAME_BYTES);
        asked->result = (enum asked_result)record_get_enum(reader, asked_word_of, ASKED_RESULTS);
        asked->duration_ms = (uint32_t)record_get_number(reader, 4);
        asked->entries = (uint32_t)record_get_number(reader, 4);
        asked->values = (uint32_t)record_get_number(reader, 4);
        asked->error = record_get_text(reader, MAX_ERROR_BYTES);
    }
}

/* What each part alone cannot see. */
static void check_whole(struct record_reader *reader, const struct answer_draft *draft, const struct issuers *issuers)
{
    bool found = draft->outcome == OUTCOME_FOUND;

    if (reader->fault != NULL) {
        return;
    }
    if (reader->left.size > 0) {
        record_fail(reader, "bytes are left at its end");
    } else if (issuers->used != issuers->count) {
        record_fail(reader, "an issuer is in no chain");
    } else if (found != (draft->usable_count > 0) || found != (draft->reason == REASON_USABLE)) {
        record_fail(reader, "outcome, reason and certificates contradict each other");
    }
}

int record_decode(struct bytes body, struct answer_draft *draft, struct error *error)
{
    struct answer_draft filled = {.address = draft->address, .generation = draft->generation, .scope = draft->scope};
    struct record_reader reader = {.left = body};
    struct issuers issuers = {.count = 0};

    get_head(&reader, &filled);
    get_issuers(&reader, &issuers);
    get_certificates(&reader, &filled, &issuers);
    get_asked(&reader, &filled);
    check_whole(&reader, &filled, &issuers);
    issuers_free(&issuers);
    if (reader.fault != NULL) {
        answer_draft_free(&filled);
        return error_set(error, "record: %s", reader.fault);
    }
    *draft = filled;
    return 0;
}
