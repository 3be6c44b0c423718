#include <stdlib.h>

#include "cache/record.h"
#include "cache/record_private.h"
#include "cache/record_reader.h"

/* Every issuer of the record; NULL where no chain is read. Those of the policy are borrowed from `known`, which
 * the caller holds: all threads count references to them, and each that is spared leaves a line of memory where it
 * is. */
struct issuers {
    const struct known_issuers *known; /* NULL: another policy judged, so no chain is read */
    size_t count;
    size_t used;
    struct issuer {
        struct blob *blob;
        bool is_own; /* with a reference */
    } items[RECORD_ISSUERS_MAX];
};

/* What of the draft's one block was not given to a certificate yet. */
struct room {
    uint64_t *links;
    struct blob **chain;
};

static const char *outcome_word_of(unsigned number)
{
    return outcome_word((enum outcome)number);
}

static const char *reason_word_of(unsigned number)
{
    return reason_word((enum reason)number);
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

static enum reason get_reason(struct record_reader *reader)
{
    enum reason reason = (enum reason)record_get_enum(reader, reason_word_of, REASON_COUNT);

    if (reason == REASON_UNJUDGED) {
        record_fail(reader, "a reason says that nobody judged");
    }
    return reason;
}

/* `address` is a normalised one, or empty. What equals it is so, too; if not, it is parsed into `other`. So it is UTF-8
 * without NUL. */
static bool is_normalised(struct bytes text, const struct address *address, struct address *other)
{
    return (text.size > 0 && bytes_equal(text, address_bytes(address))) ||
           (address_parse(text, other) == ADDRESS_OK && bytes_equal(text, address_bytes(other)));
}

static void get_address(struct record_reader *reader, struct address *address)
{
    struct bytes text = record_get_raw_string(reader, MAX_ADDRESS_BYTES);

    if (reader->fault == NULL && !is_normalised(text, address, address)) {
        record_fail(reader, "the address is not a normalised one");
    }
}

static void get_head(struct record_reader *reader, struct answer_draft *draft)
{
    struct bytes policy;

    get_address(reader, &draft->address);
    draft->outcome = (enum outcome)record_get_enum(reader, outcome_word_of, OUTCOME_FOUND + 1);
    if (draft->outcome == OUTCOME_UNKNOWN) {
        record_fail(reader, "the outcome is neither found nor none");
    }
    draft->reason = get_reason(reader);
    draft->partial = record_get_flag(reader);
    policy = record_get_bytes(reader, sizeof(draft->policy.bytes));
    memcpy(draft->policy.bytes, policy.data, policy.size);
    draft->made_at = record_get_time(reader);
    draft->fresh_until = record_get_time(reader);
    draft->stale_until = record_get_time(reader);
    if (draft->outcome == OUTCOME_FOUND) {
        struct bytes digest = record_get_bytes(reader, sizeof(draft->best_digest));

        memcpy(draft->best_digest, digest.data, digest.size);
        draft->is_digested = true;
    }
}

/* All arrays of the draft in one block, which begins with its certificates. Nothing stands in it yet. */
static struct room make_room(struct record_reader *reader, struct answer_draft *draft, size_t certificates,
                             size_t asked)
{
    size_t parts = certificates * MAX_CHAIN;
    struct certificate *block;
    uint64_t *links;

    if (reader->fault != NULL || certificates + asked == 0) {
        return (struct room){0};
    }
    block = malloc(certificates * sizeof(struct certificate) + asked * sizeof(struct asked) +
                   parts * (sizeof(uint64_t) + sizeof(struct blob *)));
    if (block == NULL) {
        record_fail(reader, "out of memory");
        return (struct room){0};
    }
    draft->certificates = block;
    draft->asked = (struct asked *)(block + certificates);
    links = (uint64_t *)(draft->asked + asked);
    return (struct room){links, (struct blob **)(links + parts)};
}

/* With a reference. NULL after a fault, and where no chain is read. */
static struct blob *get_whole_issuer(struct record_reader *reader, const struct known_issuers *known)
{
    struct blob *issuer;

    if (known == NULL) {
        record_get_bytes(reader, record_at_most(reader, record_get_u32(reader), MAX_VALUE_BYTES));
        return NULL;
    }
    issuer = record_get_blob(reader, blob_intern);
    if (issuer != NULL && known_issuers_hold(known, issuer)) {
        record_fail(reader, "an issuer of the policy stands there whole");
    }
    return issuer;
}

static struct blob *get_known_issuer(struct record_reader *reader, const struct known_issuers *known)
{
    struct bytes digest = record_get_bytes(reader, DIGEST_BYTES);
    struct blob *issuer = known != NULL ? known_issuers_find(known, digest) : NULL;

    if (known != NULL && issuer == NULL) {
        record_fail(reader, "an issuer is none of the policy that judged");
    }
    return issuer;
}

static struct issuer get_issuer(struct record_reader *reader, const struct known_issuers *known)
{
    switch (record_get_u8(reader)) {
    case RECORD_ISSUER_KNOWN:
        return (struct issuer){get_known_issuer(reader, known), false};
    case RECORD_ISSUER_WHOLE:
        return (struct issuer){get_whole_issuer(reader, known), true};
    default:
        record_fail(reader, "an issuer is neither known nor whole");
        return (struct issuer){NULL, false};
    }
}

static void get_issuers(struct record_reader *reader, struct issuers *issuers)
{
    size_t count = record_at_most(reader, record_get_u16(reader), RECORD_ISSUERS_MAX);

    while (reader->fault == NULL && issuers->count < count) {
        struct issuer issuer = get_issuer(reader, issuers->known);

        for (size_t i = 0; i < issuers->count && issuer.blob != NULL; i++) {
            if (issuers->items[i].blob == issuer.blob) {
                record_fail(reader, "an issuer stands twice");
            }
        }
        issuers->items[issuers->count++] = issuer;
    }
}

static void issuers_free(struct issuers *issuers)
{
    while (issuers->count > 0) {
        struct issuer *issuer = &issuers->items[--issuers->count];

        if (issuer->is_own) {
            blob_free(&issuer->blob);
        }
    }
}

static void get_der(struct record_reader *reader, struct certificate *certificate)
{
    switch (record_get_u8(reader)) {
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

static void get_chain(struct record_reader *reader, struct certificate *certificate, struct issuers *issuers,
                      struct room *room)
{
    size_t count = record_at_most(reader, record_get_u8(reader), MAX_CHAIN);

    certificate->chain = count > 0 ? room->chain : NULL;
    for (size_t i = 0; i < count; i++) {
        size_t index = record_get_u16(reader);

        if (reader->fault != NULL || index >= issuers->count || index > issuers->used) {
            record_fail(reader, "an issuer is not there, or out of order");
            return;
        }
        if (index == issuers->used) {
            issuers->used++;
        }
        if (issuers->known != NULL) {
            certificate->chain[certificate->chain_count++] = blob_ref(issuers->items[index].blob);
        }
    }
    if (count > 0 && certificate->der == NULL) {
        record_fail(reader, "a chain stands without a certificate");
    }
    room->chain += certificate->chain_count;
}

/* What whoever reads them relies on: lines of normalised addresses, not too many. */
static const char *get_mails(struct record_reader *reader, const struct address *own)
{
    struct bytes mails = record_get_raw_string(reader, MAX_MAILS_BYTES), left = mails;
    struct address other;

    for (size_t count = 0; left.size > 0; count++) {
        const uint8_t *end = memchr(left.data, '\n', left.size);
        struct bytes line = bytes_of(left.data, end != NULL ? (size_t)(end - left.data) : 0);

        if (end == NULL || count == MAX_ENTRY_MAILS || !is_normalised(line, own, &other)) {
            record_fail(reader, "the entry's mails are not lines of normalised addresses");
            return "";
        }
        left = bytes_of(end + 1, left.size - line.size - 1);
    }
    return (const char *)mails.data;
}

static void get_source(struct record_reader *reader, struct source *source, const struct address *own)
{
    source->directory = record_get_string(reader, RECORD_NAME_BYTES);
    source->dn = record_get_string(reader, MAX_DN_BYTES);
    source->attribute =
        (enum attribute)record_get_enum(reader, attribute_word_of, ATTRIBUTE_USER_SMIME_CERTIFICATE + 1);
    source->index = record_get_u32(reader);
    source->mails = get_mails(reader, own);
}

static void get_revocation(struct record_reader *reader, struct revocation *revocation)
{
    revocation->status = (enum revocation_status)record_get_enum(reader, revocation_word_of, REVOCATION_REVOKED + 1);
    revocation->revoked_at = record_get_time(reader);
    revocation->crl_reason = (int32_t)record_get_u32(reader);
    revocation->this_update = record_get_time(reader);
    revocation->next_update = record_get_time(reader);
    revocation->awaited = record_get_flag(reader);
}

static void get_links(struct record_reader *reader, struct certificate *certificate, struct room *room)
{
    size_t count = record_at_most(reader, record_get_u8(reader), MAX_CHAIN);

    certificate->links = count > 0 ? room->links : NULL;
    while (certificate->link_count < count) {
        certificate->links[certificate->link_count++] = record_get_u64(reader);
    }
    room->links += count;
}

static void get_certificate(struct record_reader *reader, struct certificate *certificate, struct issuers *issuers,
                            const struct address *own, struct room *room)
{
    *certificate = (struct certificate){0};
    certificate->value = record_get_blob(reader, blob_new);
    get_der(reader, certificate);
    get_chain(reader, certificate, issuers, room);
    get_source(reader, &certificate->source, own);
    certificate->reason = get_reason(reader);
    certificate->detail = record_get_string(reader, MAX_ERROR_BYTES);
    get_revocation(reader, &certificate->revocation);
    certificate->not_after = record_get_time(reader);
    get_links(reader, certificate, room);
    if (certificate->der == NULL && (certificate->link_count > 0 || certificate->reason == REASON_USABLE)) {
        record_fail(reader, "a verdict stands without a certificate");
    }
}

static void get_certificates(struct record_reader *reader, struct answer_draft *draft, size_t count,
                             struct issuers *issuers, struct room *room)
{
    while (reader->fault == NULL && draft->certificate_count < count) {
        struct certificate *certificate = &draft->certificates[draft->certificate_count++];

        get_certificate(reader, certificate, issuers, &draft->address, room);
        if (certificate->reason == REASON_USABLE) {
            draft->usable_count++;
            if (draft->usable_count != draft->certificate_count) {
                record_fail(reader, "a usable certificate stands behind a refused one");
            }
        }
    }
}

static void get_asked(struct record_reader *reader, struct answer_draft *draft, size_t count)
{
    while (reader->fault == NULL && draft->asked_count < count) {
        struct asked *asked = &draft->asked[draft->asked_count++];

        asked->directory = record_get_string(reader, RECORD_NAME_BYTES);
        asked->result = (enum asked_result)record_get_enum(reader, asked_word_of, ASKED_RESULTS);
        asked->duration_ms = record_get_u32(reader);
        asked->entries = record_get_u32(reader);
        asked->values = record_get_u32(reader);
        asked->error = record_get_string(reader, MAX_ERROR_BYTES);
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

/* All behind the head. Each chain has a reference of its own to each of its issuers. */
static void get_parts(struct record_reader *reader, const struct known_issuers *known, struct answer_draft *draft)
{
    size_t certificates = record_at_most(reader, record_get_u16(reader), MAX_VALUES);
    size_t asked = record_at_most(reader, record_get_u16(reader), MAX_DIRECTORIES);
    struct room room = make_room(reader, draft, certificates, asked);
    struct issuers issuers;

    issuers.known = known_issuers_are_of(known, &draft->policy) ? known : NULL;
    issuers.count = issuers.used = 0;
    get_issuers(reader, &issuers);
    get_certificates(reader, draft, certificates, &issuers, &room);
    get_asked(reader, draft, asked);
    check_whole(reader, draft, &issuers);
    issuers_free(&issuers);
}

int record_decode(struct bytes body, const struct known_issuers *known, struct answer_draft *draft,
                  struct error *error)
{
    struct record_reader reader = {.left = body};

    get_head(&reader, draft);
    get_parts(&reader, known, draft);
    if (reader.fault != NULL) {
        record_draft_free(draft);
        return error_set(error, "record: %s", reader.fault);
    }
    return 0;
}

void record_draft_free(struct answer_draft *draft)
{
    for (size_t i = 0; i < draft->certificate_count; i++) {
        struct certificate *certificate = &draft->certificates[i];

        blob_free(&certificate->value);
        blob_free(&certificate->der);
        for (size_t k = 0; k < certificate->chain_count; k++) {
            blob_free(&certificate->chain[k]);
        }
    }
    free(draft->certificates);
    draft->certificates = NULL;
    draft->asked = NULL;
    draft->certificate_count = draft->usable_count = draft->asked_count = 0;
}
